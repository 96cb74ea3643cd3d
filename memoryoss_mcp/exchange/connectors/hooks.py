# SPDX-License-Identifier: AGPL-3.0-only
"""What a shell's start-up file needs so that every command that worked is offered for review.

The snippets never wait and never write to the terminal: the program runs in the background, and
where it is missing nothing happens. The command goes through standard input, because arguments can
be seen by everybody who lists processes. The exit status that the prompt shows stays what it was.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from memoryoss_mcp.exchange.connectors.history import SHELLS

__all__ = ("SHELLS", "START_UP_FILES", "snippet")

START_UP_FILES = {
    "bash": "~/.bashrc",
    "zsh": "~/.zshrc",
    "fish": "~/.config/fish/conf.d/memoryoss.fish",
}
"""Where the snippets belong."""


def snippet(shell: str, options: Sequence[str] = ()) -> str:
    """The lines for a shell's start-up file. ``options`` are global options of the program."""
    quote = _fish_quote if shell == "fish" else shlex.quote
    given = "".join(f" {quote(option)}" for option in options)
    call = f"memoryoss{given} connector capture --kind terminal --shell {shell} --command -"
    return _TEMPLATES[shell].replace("@CALL@", call)


def _fish_quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


_BASH = r"""# memoryOSS: offers commands that worked for review. Remove these lines to end that.
__memoryoss_prompt() {
  local code=$? line number
  line=$(HISTTIMEFORMAT='' builtin history 1 2>/dev/null)
  if [[ $line =~ ^[[:space:]]*([0-9]+)[*\ ]\ (.*)$ ]]; then
    number=${BASH_REMATCH[1]}
    if [[ -n ${__memoryoss_number-} && $number != "$__memoryoss_number" ]] &&
      command -v memoryoss >/dev/null 2>&1; then
      (printf '%s' "${BASH_REMATCH[2]}" |
        @CALL@ --exit-status "$code" >/dev/null 2>&1 &)
    fi
    __memoryoss_number=$number
  else
    __memoryoss_number=0
  fi
  return "$code"
}
case ${PROMPT_COMMAND-} in
  *__memoryoss_prompt*) ;;
  *) PROMPT_COMMAND="__memoryoss_prompt${PROMPT_COMMAND:+; $PROMPT_COMMAND}" ;;
esac
"""

_ZSH = r"""# memoryOSS: offers commands that worked for review. Remove these lines to end that.
__memoryoss_preexec() { __memoryoss_command=$1 }
__memoryoss_precmd() {
  local code=$?
  if [[ -n ${__memoryoss_command-} ]] && command -v memoryoss >/dev/null 2>&1; then
    (print -rn -- "$__memoryoss_command" |
      @CALL@ --exit-status "$code" >/dev/null 2>&1 &)
  fi
  __memoryoss_command=
  return "$code"
}
autoload -Uz add-zsh-hook
add-zsh-hook preexec __memoryoss_preexec
add-zsh-hook precmd __memoryoss_precmd
"""

_FISH = r"""# memoryOSS: offers commands that worked for review. Remove this to end that.
function __memoryoss_postexec --on-event fish_postexec
    set -l code $status
    if command -sq memoryoss
        printf '%s' $argv[1] | @CALL@ --exit-status $code >/dev/null 2>&1 &
        disown 2>/dev/null
    end
    return $code
end
"""

_TEMPLATES = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}
