# SPDX-License-Identifier: AGPL-3.0-only
"""A caller may ask so many times a second, at once and on average, whatever others do."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_proxy.errors import RateLimitedError
from memoryoss_proxy.limits import RateLimiter


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def allowed(limiter: RateLimiter, key: str) -> bool:
    try:
        limiter.take(key)
    except RateLimitedError:
        return False
    return True


def test_a_burst_of_one_second_is_allowed_and_no_more() -> None:
    limiter = RateLimiter(5, clock=Clock())
    assert [allowed(limiter, "a") for _ in range(7)] == [True] * 5 + [False] * 2


def test_the_error_says_when_to_come_back_and_then_it_is_allowed() -> None:
    clock = Clock()
    limiter = RateLimiter(4, clock=clock)
    for _ in range(4):
        limiter.take("a")
    with pytest.raises(RateLimitedError) as caught:
        limiter.take("a")
    assert caught.value.code == "rate_limited"
    assert caught.value.retry_after_ms == 250
    assert caught.value.retry_after_secs == 1
    clock.now += caught.value.retry_after_ms / 1000
    limiter.take("a")
    assert not allowed(limiter, "a")


def test_callers_do_not_share_an_allowance() -> None:
    limiter = RateLimiter(1, clock=Clock())
    assert allowed(limiter, "a")
    assert not allowed(limiter, "a")
    assert allowed(limiter, "b")


def test_a_clock_that_goes_back_gives_nothing() -> None:
    clock = Clock()
    limiter = RateLimiter(1, clock=clock)
    assert allowed(limiter, "a")
    clock.now -= 100
    assert not allowed(limiter, "a")


def test_memory_is_bounded_and_whoever_is_forgotten_had_been_idle_longest() -> None:
    limiter = RateLimiter(1, clock=Clock(), max_buckets=3)
    for key in ("a", "b", "c", "a", "d"):
        allowed(limiter, key)
    assert len(limiter) == 3
    assert not allowed(limiter, "a")
    assert not allowed(limiter, "d")


@given(
    st.integers(1, 20),
    st.lists(st.floats(0.0, 2.0, allow_nan=False), min_size=1, max_size=80),
)
def test_never_more_than_size_plus_what_flowed_in(rate: int, waits: list[float]) -> None:
    clock = Clock()
    limiter = RateLimiter(rate, clock=clock)
    count, start = 0, clock.now
    for wait in waits:
        clock.now += wait
        count += allowed(limiter, "a")
        assert count <= rate + (clock.now - start) * rate + 1e-6


def test_threads_together_get_no_more_than_one_would() -> None:
    limiter = RateLimiter(50, clock=Clock())
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda _: allowed(limiter, "a"), range(400))) == 50
