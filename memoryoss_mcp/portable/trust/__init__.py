# SPDX-License-Identifier: AGPL-3.0-only
"""Who vouches for an artifact: identities and their keys, signatures, catalogs, revocations."""
