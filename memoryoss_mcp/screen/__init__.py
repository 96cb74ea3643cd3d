# SPDX-License-Identifier: AGPL-3.0-only
"""What may enter the memory."""

from memoryoss_mcp.screen.admit import (
    Admitted,
    AdmittedChange,
    admit,
    admit_change,
    screen_change,
    screen_draft,
)

__all__ = [
    "Admitted",
    "AdmittedChange",
    "admit",
    "admit_change",
    "screen_change",
    "screen_draft",
]
