# SPDX-License-Identifier: AGPL-3.0-only
"""The policy firewall: what a request is about to do, and what remembered policies say of it."""
