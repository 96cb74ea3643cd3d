# SPDX-License-Identifier: AGPL-3.0-only
"""What may enter the memory."""

from memoryoss_mcp.screen.admit import admit, admit_change

__all__ = ["admit", "admit_change"]
