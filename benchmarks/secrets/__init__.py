# SPDX-License-Identifier: AGPL-3.0-only
"""Secrets of all kinds in memories of all kinds: how many are redacted, how many clean texts are
touched."""
