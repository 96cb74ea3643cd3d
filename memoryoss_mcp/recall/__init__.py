# SPDX-License-Identifier: AGPL-3.0-only
"""From a question to the memories that answer it."""
