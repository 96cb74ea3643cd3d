# SPDX-License-Identifier: AGPL-3.0-only
"""Labelled requests: does the policy firewall find what is risky, and only that?"""
