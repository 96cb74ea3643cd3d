# SPDX-License-Identifier: AGPL-3.0-only
"""What Prometheus reads at ``/metrics``. Every label has few values: none comes from a client."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Final, Protocol

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

PREFIX: Final = "memoryoss_proxy_"

OTHER: Final = "other"
"""The value of a label for everything that has none of its own."""
PROVIDERS: Final = frozenset({"openai", "anthropic"})
ROUTES: Final = {
    "/v1/chat/completions": "chat_completions",
    "/v1/responses": "responses",
    "/v1/messages": "messages",
    "/v1/messages/count_tokens": "count_tokens",
    "/v1/models": "models",
}
"""A provider's path → its name in metrics and logs."""
STATUSES: Final = frozenset({*map(int, HTTPStatus), 499, *range(520, 531)})
"""Status codes that are told apart: the registered ones, and those that clients which hang up and
networks in front of the providers have made common."""

OWN_BUCKETS: Final = (
    0.0005, 0.001, 0.002, 0.004, 0.006, 0.008, 0.012, 0.02, 0.035, 0.06, 0.1, 0.25, 0.5, 1.0, 2.5,
)  # fmt: skip
"""Seconds of our own work: fine around the 2 ms without recall and the 12 ms with it."""
UPSTREAM_BUCKETS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0, 120.0, 300.0)
"""Seconds until a model begins to answer."""
WHOLE_BUCKETS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0)
"""Seconds of whole requests, long streams among them."""


class QueueCounts(Protocol):
    """What is read of the extraction queue whenever the metrics are."""

    @property
    def depth(self) -> int:
        """Jobs that wait or are at hand."""

    @property
    def dropped(self) -> int:
        """Jobs that were refused."""

    @property
    def failed(self) -> int:
        """Jobs that were given up."""

    @property
    def damaged(self) -> int:
        """Files that held no job."""

    @property
    def done(self) -> int:
        """Jobs that were handled."""


class Metrics:
    """All counts of one proxy, in a registry of their own. Safe to share among threads."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = self._counter(
            "requests", "Requests that were answered.", ("provider", "route", "status")
        )
        self._memories = self._counter("memories_injected", "Memories put into requests.")
        self._tokens = self._counter("tokens_injected", "Tokens of context put into requests.")
        self._gate = {
            "inject": self._counter("gate_inject", "Recalls that were good enough to inject."),
            "abstain": self._counter("gate_abstain", "Recalls that found nothing of use."),
            "need_more_evidence": self._counter(
                "gate_need_more_evidence", "Recalls that were too uncertain to inject."
            ),
        }
        self._policy = {
            "allow": self._counter("policy_allow", "Risky requests that no policy minds."),
            "warn": self._counter("policy_warn", "Risky requests let through with a warning."),
            "require_confirmation": self._counter(
                "policy_require_confirmation", "Risky requests that had to be confirmed."
            ),
            "block": self._counter("policy_block", "Risky requests that were refused."),
        }
        self._facts = self._counter("facts_extracted", "Facts extracted from exchanges.")
        self._recall_failures = self._counter(
            "recall_failures", "Requests forwarded without memories because recall failed."
        )
        self._upstream_errors = self._counter(
            "upstream_errors", "Requests for which a provider gave no response.", ("provider",)
        )
        self._recall = self._histogram("recall", "Seconds of a recall.", OWN_BUCKETS)
        self._own = self._histogram(
            "first_byte_own", "Seconds of our own until the first byte.", OWN_BUCKETS
        )
        self._upstream = self._histogram(
            "first_byte_upstream",
            "Seconds that the provider took until the first byte.",
            UPSTREAM_BUCKETS,
            ("provider",),
        )
        self._whole = self._histogram(
            "request", "Seconds of a whole request.", WHOLE_BUCKETS, ("provider", "route")
        )
        self._in_progress = Gauge(
            PREFIX + "requests_in_progress",
            "Requests that are being answered.",
            registry=self._registry,
        )
        self._core = Gauge(
            PREFIX + "core_up", "Whether the memory can be used.", registry=self._registry
        )

    def begin(self) -> None:
        """A request came."""
        self._in_progress.inc()

    def request(self, provider: str, route: str, status: int, seconds: float) -> None:
        """A request that began is over. ``route`` is what :func:`route_of` says of its path,
        ``status`` what the client got."""
        provider, route = _provider(provider), route if route in _ROUTE_NAMES else OTHER
        self._in_progress.dec()
        self._requests.labels(provider, route, _status(status)).inc()
        self._whole.labels(provider, route).observe(seconds)

    def first_byte(self, provider: str, own: float, upstream: float) -> None:
        """The first byte of an answer: after how many seconds of ours and of the provider's."""
        self._own.observe(own)
        self._upstream.labels(_provider(provider)).observe(upstream)

    def recall(self, seconds: float) -> None:
        """A recall was made."""
        self._recall.observe(seconds)

    def recall_failed(self) -> None:
        """A recall failed or took too long; the request went on without."""
        self._recall_failures.inc()

    def injected(self, memories: int, tokens: int) -> None:
        """Memories were put into a request, with the tokens of their block."""
        self._memories.inc(memories)
        self._tokens.inc(tokens)

    def gate(self, decision: str) -> None:
        """What the confidence gate decided. Other words than its own count for nothing."""
        if (counter := self._gate.get(decision)) is not None:
            counter.inc()

    def policy(self, decision: str) -> None:
        """What was decided of a risky request. Other words count for nothing."""
        if (counter := self._policy.get(decision)) is not None:
            counter.inc()

    def facts(self, count: int) -> None:
        """Facts were extracted."""
        self._facts.inc(count)

    def upstream_error(self, provider: str) -> None:
        """A provider could not be reached, or broke off before it answered."""
        self._upstream_errors.labels(_provider(provider)).inc()

    def core_up(self, up: bool) -> None:
        """Whether the memory can be used now."""
        self._core.set(up)

    def watch(self, queue: QueueCounts) -> None:
        """Show an extraction queue too; once."""
        self._registry.register(_Queue(queue))

    def totals(self) -> dict[str, int]:
        """The counts by name without prefix, summed over their labels."""
        totals: dict[str, int] = {}
        for metric in self._registry.collect():
            if metric.type == "counter":
                counted = [each for each in metric.samples if each.name.endswith("_total")]
                name = metric.name.removeprefix(PREFIX)
                totals[name] = round(sum(sample.value for sample in counted))
        return totals

    def render(self) -> tuple[bytes, str]:
        """The text for Prometheus and its content type."""
        return generate_latest(self._registry), CONTENT_TYPE_LATEST

    def _counter(self, name: str, says: str, labels: tuple[str, ...] = ()) -> Counter:
        return Counter(PREFIX + name, says, labels, registry=self._registry)

    def _histogram(
        self, name: str, says: str, buckets: tuple[float, ...], labels: tuple[str, ...] = ()
    ) -> Histogram:
        return Histogram(
            f"{PREFIX}{name}_seconds", says, labels, buckets=buckets, registry=self._registry
        )


def route_of(path: str) -> str:
    """The name of a provider's path such as ``/v1/chat/completions``; ``other`` for most."""
    return ROUTES.get(path.rstrip("/"), OTHER)


class _Queue(Collector):
    """Reads the queue when it is asked, so that nothing is counted twice."""

    def __init__(self, queue: QueueCounts) -> None:
        self._queue = queue

    def collect(self) -> Iterator[Metric]:
        queue = self._queue
        name = PREFIX + "extraction_"
        yield GaugeMetricFamily(name + "queue_depth", "Exchanges not read yet.", queue.depth)
        yield CounterMetricFamily(name + "done", "Exchanges that were read.", queue.done)
        yield CounterMetricFamily(name + "dropped", "Exchanges not accepted.", queue.dropped)
        yield CounterMetricFamily(name + "failed", "Exchanges given up.", queue.failed)
        yield CounterMetricFamily(name + "damaged", "Unreadable files set aside.", queue.damaged)


def _provider(name: str) -> str:
    return name if name in PROVIDERS else OTHER


def _status(status: int) -> str:
    if status in STATUSES:
        return str(int(status))
    return f"{status // 100}xx" if 100 <= status < 600 else OTHER


_ROUTE_NAMES: Final = frozenset(ROUTES.values())
