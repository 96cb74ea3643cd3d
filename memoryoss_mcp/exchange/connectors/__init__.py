# SPDX-License-Identifier: AGPL-3.0-only
"""Connectors: signals of the programs that people work with, as candidates for the review inbox.
Each kind is off until the configuration names it."""
