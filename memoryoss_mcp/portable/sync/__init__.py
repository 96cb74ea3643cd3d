# SPDX-License-Identifier: AGPL-3.0-only
"""Folder sync: installations exchange memories through any folder, without a server.

Each installation appends signed chunks of records to its own part of the folder. A record is the
whole state of one memory and a version vector; what a memory is follows from the set of records
alone, whatever their order, so installations with the same records agree.
"""
