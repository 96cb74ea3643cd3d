# SPDX-License-Identifier: AGPL-3.0-only
"""The command line ``memoryoss``: each command is one call of the runtime, told readably."""

from memoryoss_mcp.cli.app import main

__all__ = ["main"]
