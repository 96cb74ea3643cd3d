# SPDX-License-Identifier: AGPL-3.0-only
"""Planted memories: how many would reach a prompt unasked, how many clean ones are held back."""
