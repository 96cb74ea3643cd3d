# SPDX-License-Identifier: AGPL-3.0-only
"""``python -m memoryoss_mcp`` is the command ``memoryoss``."""

import sys

from memoryoss_mcp.cli import main

if __name__ == "__main__":
    sys.exit(main())
