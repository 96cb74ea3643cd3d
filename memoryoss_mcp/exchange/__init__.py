# SPDX-License-Identifier: AGPL-3.0-only
"""What comes from other programs and goes to them: adapters, importers, connectors."""
