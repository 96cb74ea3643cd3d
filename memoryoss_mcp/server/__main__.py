# SPDX-License-Identifier: AGPL-3.0-only
"""``python -m memoryoss_mcp.server``: the same as the program ``memoryoss-mcp``."""

import sys

from memoryoss_mcp.server import main

sys.exit(main())
