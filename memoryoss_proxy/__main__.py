# SPDX-License-Identifier: AGPL-3.0-only
"""``python -m memoryoss_proxy``."""

import sys

from memoryoss_proxy.cli import main

if __name__ == "__main__":
    sys.exit(main())
