# SPDX-License-Identifier: AGPL-3.0-only
"""What Prometheus reads: right numbers, known names, and labels that no client can multiply."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import prometheus_client
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from memoryoss_mcp.policy.policies import Decision as PolicyDecision
from memoryoss_mcp.recall.result import Decision as GateDecision
from memoryoss_proxy.metrics import OTHER, PROVIDERS, ROUTES, Metrics, route_of
from memoryoss_proxy.queue import ExtractionQueue

Labels = frozenset[tuple[str, str]]


def read(metrics: Metrics) -> dict[tuple[str, Labels], float]:
    """All samples, as Prometheus reads them."""
    text = metrics.render()[0].decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(metrics: Metrics, name: str, **labels: str) -> float:
    return read(metrics)["memoryoss_proxy_" + name, frozenset(labels.items())]


def test_requests_are_counted_by_provider_route_and_status() -> None:
    metrics = Metrics()
    for status in (200, 200, 529):
        metrics.begin()
        metrics.request("anthropic", route_of("/v1/messages"), status, 0.5)
    same = {"provider": "anthropic", "route": "messages"}
    assert value(metrics, "requests_total", **same, status="200") == 2
    assert value(metrics, "requests_total", **same, status="529") == 1
    assert value(metrics, "request_seconds_count", **same) == 3
    assert value(metrics, "request_seconds_sum", **same) == 1.5
    assert metrics.totals()["requests"] == 3


def test_requests_in_progress_come_and_go() -> None:
    metrics = Metrics()
    metrics.begin()
    metrics.begin()
    assert value(metrics, "requests_in_progress") == 2
    metrics.request("openai", "responses", 200, 1)
    assert value(metrics, "requests_in_progress") == 1


@pytest.mark.parametrize("decision", GateDecision)
def test_every_decision_of_the_gate_has_a_counter(decision: GateDecision) -> None:
    metrics = Metrics()
    metrics.gate(decision)
    assert value(metrics, f"gate_{decision.value}_total") == 1


@pytest.mark.parametrize("decision", PolicyDecision)
def test_every_decision_of_the_firewall_has_a_counter(decision: PolicyDecision) -> None:
    metrics = Metrics()
    metrics.policy(decision.label)
    assert value(metrics, f"policy_{decision.label}_total") == 1


def test_what_memory_did_is_counted() -> None:
    metrics = Metrics()
    metrics.injected(3, 210)
    metrics.injected(1, 40)
    metrics.facts(2)
    metrics.upstream_error("openai")
    metrics.recall_failed()
    assert value(metrics, "memories_injected_total") == 4
    assert value(metrics, "tokens_injected_total") == 250
    assert value(metrics, "facts_extracted_total") == 2
    assert value(metrics, "upstream_errors_total", provider="openai") == 1
    assert value(metrics, "recall_failures_total") == 1


def test_our_part_of_the_wait_and_the_provider_s_are_apart() -> None:
    metrics = Metrics()
    metrics.first_byte("openai", 0.007, 3.0)
    metrics.recall(0.005)
    assert value(metrics, "first_byte_own_seconds_bucket", le="0.006") == 0
    assert value(metrics, "first_byte_own_seconds_bucket", le="0.008") == 1
    assert value(metrics, "first_byte_upstream_seconds_bucket", provider="openai", le="2.0") == 0
    assert value(metrics, "first_byte_upstream_seconds_bucket", provider="openai", le="4.0") == 1
    assert value(metrics, "recall_seconds_count") == 1


def test_the_core_is_up_when_it_says_so() -> None:
    metrics = Metrics()
    assert value(metrics, "core_up") == 0
    metrics.core_up(True)
    assert value(metrics, "core_up") == 1


@dataclass
class Counts:
    depth: int = 0
    dropped: int = 0
    failed: int = 0
    damaged: int = 0
    done: int = 0


def test_the_queue_is_shown_as_it_is_when_asked() -> None:
    metrics, counts = Metrics(), Counts()
    metrics.watch(counts)
    counts.depth, counts.dropped, counts.failed, counts.done = 7, 2, 1, 40
    assert value(metrics, "extraction_queue_depth") == 7
    assert value(metrics, "extraction_dropped_total") == 2
    assert value(metrics, "extraction_failed_total") == 1
    assert value(metrics, "extraction_done_total") == 40


def test_an_extraction_queue_can_be_watched() -> None:
    metrics = Metrics()
    metrics.watch(ExtractionQueue(None, lambda _: None, redact=str))
    assert value(metrics, "extraction_queue_depth") == 0


@given(
    st.lists(st.tuples(st.text(), st.text(), st.integers(-(10**6), 10**6)), min_size=1, max_size=30)
)
def test_no_label_is_taken_from_outside(asked: list[tuple[str, str, int]]) -> None:
    metrics = Metrics()
    for provider, path, status in asked:
        metrics.request(provider, path, status, 0.1)
        metrics.request(provider, route_of(path), status, 0.1)
        metrics.upstream_error(provider)
        metrics.first_byte(provider, 0.1, 0.1)
        metrics.gate(path)
        metrics.policy(path)
    allowed = {
        "provider": {*PROVIDERS, OTHER},
        "route": {*ROUTES.values(), OTHER},
        "status": {*map(str, range(100, 600)), "1xx", "2xx", "3xx", "4xx", "5xx", OTHER},
    }
    for _, labels in read(metrics):
        assert all(name == "le" or said in allowed[name] for name, said in labels)


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/v1/chat/completions", "chat_completions"),
        ("/v1/responses/", "responses"),
        ("/v1/messages/count_tokens", "count_tokens"),
        ("/v1/files/file-123/content", "other"),
        ("", "other"),
    ],
)
def test_a_path_has_one_of_few_names(path: str, route: str) -> None:
    assert route_of(path) == route


def test_two_proxies_in_one_process_count_apart_and_touch_nothing_global() -> None:
    before = prometheus_client.generate_latest()
    one, other = Metrics(), Metrics()
    one.facts(5)
    assert value(other, "facts_extracted_total") == 0
    assert b"memoryoss" not in prometheus_client.generate_latest()
    assert b"memoryoss" not in before


def test_threads_lose_no_count() -> None:
    metrics = Metrics()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: metrics.injected(1, 10), range(2000)))
    assert metrics.totals()["memories_injected"] == 2000
    assert metrics.totals()["tokens_injected"] == 20_000


def test_the_content_type_is_the_one_of_the_text_format() -> None:
    assert Metrics().render()[1].startswith("text/plain; version=")
