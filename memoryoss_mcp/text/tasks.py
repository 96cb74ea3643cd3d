# SPDX-License-Identifier: AGPL-3.0-only
"""Task context: what kind of work a query is about, and which memories speak of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

from memoryoss_mcp.text.tokens import index_terms

TaskKind = Literal["deploy", "bugfix", "review", "style"]


@dataclass(frozen=True, slots=True)
class TaskMatch:
    """The one task that a query is about, and the analysed words that say so."""

    kind: TaskKind
    words: tuple[str, ...]

    @property
    def hits(self) -> int:
        """How many different words of the task are in the query, at least 1."""
        return len(self.words)


def detect_task(query: str) -> TaskMatch | None:
    """Return the task with most different words in ``query``; ``None`` when there is none or two
    are level.
    """
    present = _words_and_pairs(query)
    matches = [
        TaskMatch(kind, tuple(word for word in present if word in words))
        for kind, words in _QUERY_WORDS.items()
    ]
    first, second = sorted(matches, key=lambda match: match.hits, reverse=True)[:2]
    return first if first.hits > second.hits else None


def task_hits(kind: TaskKind, tags: Iterable[str], content: str) -> tuple[int, int]:
    """Return how many different words of the task ``kind`` are in a memory's tags and in its
    content.
    """
    words = _MEMORY_WORDS[kind]
    in_tags = {word for tag in tags for word in _words_and_pairs(tag)} & words
    return len(in_tags), len(_words_and_pairs(content).keys() & words)


def _words_and_pairs(text: str) -> dict[str, None]:
    """The terms of a text and their neighbouring pairs, in order."""
    terms = index_terms(text)
    return dict.fromkeys([*terms, *(f"{first} {second}" for first, second in pairwise(terms))])


def _analysed(words: str) -> frozenset[str]:
    """Comma-separated words or word pairs in analysed form."""
    return frozenset(" ".join(index_terms(word)) for word in words.split(","))


_QUERY_WORDS: Final[Mapping[TaskKind, frozenset[str]]] = {
    "deploy": _analysed(
        "deploy,deployment,redeploy,release,rollout,roll out,staging,production,prod,ship,go "
        "live,launch,rollback,roll back,"
        "canary,blue green,migrate,migration,cutover,provision,publish"
    ),
    "bugfix": _analysed(
        "bug,bugfix,fix,hotfix,debug,incident,outage,failure,failing,error,crash,exception,"
        "traceback,regression,workaround,"
        "root cause,broken,flaky,troubleshoot,reproduce,patch"
    ),
    "review": _analysed(
        "review,audit,inspect,assess,evaluate,code review,pull request,merge request,pr,diff,"
        "lint,linter,checklist,qa,approve,"
        "approval,vulnerability"
    ),
    "style": _analysed(
        "style,tone,wording,phrasing,format,formatting,rewrite,rephrase,reword,concise,verbose,"
        "verbosity,bullet,bullet points,"
        "summary,summarize,summarise,layout,headline"
    ),
}

_MEMORY_WORDS: Final[Mapping[TaskKind, frozenset[str]]] = {
    "deploy": _QUERY_WORDS["deploy"]
    | _analysed("runbook,smoke test,approval,environment,pipeline"),
    "bugfix": _QUERY_WORDS["bugfix"] | _analysed("issue,postmortem,retry,stack trace,timeout"),
    "review": _QUERY_WORDS["review"] | _analysed("security,test coverage,merge,reviewer,finding"),
    "style": _QUERY_WORDS["style"] | _analysed("display,markdown,response length,plain language"),
}
