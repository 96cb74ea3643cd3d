# SPDX-License-Identifier: AGPL-3.0-only
"""What the desktop bundle starts."""

from __future__ import annotations

import os
import sys


def main() -> int:
    """Serve; an option that the user left empty counts as not set."""
    name = "MEMORYOSS_DATA_DIR"
    # Hosts hand over the unexpanded placeholder, or nothing, for an empty option.
    if os.environ.get(name, "").strip() == "" or os.environ[name].startswith("${"):
        os.environ.pop(name, None)
    from memoryoss_mcp.server import main as serve  # after the environment is as it should be

    return serve()


if __name__ == "__main__":
    sys.exit(main())
