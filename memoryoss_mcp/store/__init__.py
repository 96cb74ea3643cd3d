# SPDX-License-Identifier: AGPL-3.0-only
"""One SQLite file: rows, indexes, the writer, the ledger."""
