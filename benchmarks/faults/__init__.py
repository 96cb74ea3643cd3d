# SPDX-License-Identifier: AGPL-3.0-only
"""Faults: processes killed, many writers at once, full disks, damaged files."""
