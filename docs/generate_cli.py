# SPDX-License-Identifier: AGPL-3.0-only
"""Write ``docs/cli.md`` from the help texts of the program: ``python docs/generate_cli.py``.

With ``--check`` nothing is written; the exit code is 1 if the page is not what it would be.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from memoryoss_mcp.cli.app import make_parser

PAGE = Path(__file__).with_name("cli.md")

INTRODUCTION = """\
# Command line

This page is made from the program's own help (`python docs/generate_cli.py`); a test compares it.

`memoryoss COMMAND --help` shows the same text. Everything also works as `python -m memoryoss_mcp`.
All commands work while MCP servers run on the same memories, and none asks questions, except
`forget` on a terminal.

## Output

Results go to standard output, messages and progress to standard error, both in UTF-8 whatever the
locale. With `--json` standard output has exactly one JSON document. Fields have the names of the
memory record, times are RFC 3339 in UTC, ids are UUIDs. Control characters in stored text are shown
as pictures or escapes, so that no memory can command your terminal.

An error is one line that says what is wrong and what was kept, and one that says what to do. With
`--json` it is a document on standard output:

```json
{"error": {"code": "limit_exceeded", "message": "…", "hint": "…", "field": "content"}}
```

`code` is stable across releases; `hint` and `field` may be `null`.

The exit codes:

- 0: done.
- 1: it failed, or the answer is no. `inspect` found nothing, `doctor` found damage, `forget` was
  given an id that is not there or found bytes left, `store --file` met a wrong line, a step of
  `demo` did not do what it says.
- 2: the command, a value or the configuration is wrong; nothing was done.
- 130: interrupted with Ctrl-C.

## Data folder and namespace

The data folder is `--data-dir`, else the environment variable `MEMORYOSS_DATA_DIR`, else
`[storage] data_dir` of the configuration file, else the platform's folder for user data. The
configuration file is `-c`, else `MEMORYOSS_CONFIG`, else `memoryoss.toml` in the data folder.

The namespace is `--namespace`, else `MEMORYOSS_NAMESPACE` or `[namespaces] default`, else that of
the git project around the working folder (from its remote, else its path), else `default`.
"""


def page() -> str:
    """The whole page."""
    os.environ["NO_COLOR"] = "1"  # Python 3.14 colours help texts on a terminal
    parser = make_parser()
    parts = [INTRODUCTION, f"## memoryoss\n\n```text\n{parser.format_help().rstrip()}\n```\n"]
    for name, command in parser.commands.items():
        parts.append(f"## memoryoss {name}\n\n```text\n{command.format_help().rstrip()}\n```\n")
    return "\n".join(parts)


def main() -> int:
    """Write or check the page."""
    text = page()
    if "--check" in sys.argv[1:]:
        return 0 if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == text else 1
    PAGE.write_text(text, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
