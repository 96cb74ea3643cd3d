# SPDX-License-Identifier: AGPL-3.0-only
"""What happens to a memory after it was stored: decisions about it, and what they change."""
