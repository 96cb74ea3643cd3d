# SPDX-License-Identifier: AGPL-3.0-only
"""Memories that travel: the published artifact lines, their integrity, and who signed them."""
