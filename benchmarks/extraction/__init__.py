# SPDX-License-Identifier: AGPL-3.0-only
"""Facts that are extracted from labelled conversations."""
