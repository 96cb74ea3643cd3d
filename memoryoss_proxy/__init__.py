# SPDX-License-Identifier: AGPL-3.0-only
"""Transparent memory in front of OpenAI- and Anthropic-compatible APIs."""

__version__ = "0.1.0"
