# SPDX-License-Identifier: AGPL-3.0-only
"""The classes of risky actions."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """The classes of risky actions."""

    DEPLOY = "deploy"
    DELETE = "delete"
    EXFILTRATE = "exfiltrate"
    OVERRIDE = "override"
