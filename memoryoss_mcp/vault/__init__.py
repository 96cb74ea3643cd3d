# SPDX-License-Identifier: AGPL-3.0-only
"""Keys and what is done with them: the only floor that knows cryptography."""
