from __future__ import annotations

import random

import pytest

from backend.api.endpoint import ENDPOINTS, RateClass
from backend.api.rate_limits import RATES, Rate, RateLimiter, TokenBucket
from backend.exceptions import RateLimited
from tests.fakes.ports import Clock, all_at_once

LIMITED = sorted(RATES, key=lambda kind: kind.value)


def taken(bucket: TokenBucket, tries: int) -> int:
    return sum(bucket.take() == 0.0 for _ in range(tries))


@pytest.mark.parametrize("kind", LIMITED)
def test_a_full_bucket_gives_its_burst_and_not_one_more(kind: RateClass) -> None:
    bucket = TokenBucket(RATES[kind], Clock())
    assert taken(bucket, 1000) == RATES[kind].burst


@pytest.mark.parametrize("kind", LIMITED)
def test_over_a_thousand_bursts_the_count_is_exact(kind: RateClass) -> None:
    """1,000 bursts with random pauses: never more than the rate allows, never one too few."""
    rate, clock = RATES[kind], Clock()
    bucket, random_ = TokenBucket(rate, clock), random.Random(7)
    admitted, level, expected = 0, float(rate.burst), 0
    for _ in range(1000):
        pause = random_.choice([0.001, 0.02, 0.3, 1.0, 7.0])
        clock.pass_by(pause)
        level = min(float(rate.burst), level + pause * rate.per_second)
        tries = random_.randint(1, 2 * rate.burst)
        admitted += taken(bucket, tries)
        now = min(tries, int(level + 1e-9))
        expected += now
        level -= now
    assert abs(admitted - expected) <= 1


@pytest.mark.parametrize("kind", LIMITED)
def test_a_steady_caller_at_the_rate_is_never_refused(kind: RateClass) -> None:
    rate, clock = RATES[kind], Clock()
    bucket = TokenBucket(rate, clock)
    taken(bucket, rate.burst)
    refused = 0
    for _ in range(1000):
        clock.pass_by(1 / rate.per_second)
        refused += bucket.take() > 0
    assert refused <= 1


@pytest.mark.parametrize("per_second", [50, 2, 0.5, 3, 0.7, 1 / 3])
def test_who_waits_as_long_as_told_is_admitted(per_second: float) -> None:
    clock = Clock(now=12345.678)
    endpoint = ENDPOINTS["versions.install"]
    limiter = RateLimiter({RateClass.CHANGE: Rate(per_second, 3)}, clock)
    for _ in range(3):
        limiter.admit(endpoint)
    for step in range(50):
        clock.pass_by(0.000_123 * step)
        with pytest.raises(RateLimited) as caught:
            limiter.admit(endpoint)
        told = caught.value.context["retry_after"]
        assert isinstance(told, float)
        assert 0 < told <= 1 / per_second + 0.001
        clock.pass_by(told)
        limiter.admit(endpoint)


def test_a_refusal_costs_nothing() -> None:
    clock = Clock()
    bucket = TokenBucket(Rate(1, 1), clock)
    bucket.take()
    assert taken(bucket, 500) == 0
    clock.pass_by(1)
    assert bucket.take() == 0.0


def test_a_long_rest_gives_no_more_than_one_burst() -> None:
    clock = Clock()
    bucket = TokenBucket(Rate(2, 10), clock)
    taken(bucket, 10)
    clock.pass_by(1e9)
    assert taken(bucket, 1000) == 10


def test_a_clock_that_jumps_back_gives_and_takes_nothing() -> None:
    clock = Clock()
    bucket = TokenBucket(Rate(2, 10), clock)
    assert taken(bucket, 5) == 5
    clock.pass_by(-1e6)
    assert taken(bucket, 100) == 5
    clock.pass_by(1)
    assert taken(bucket, 100) == 2, "and it goes on from there"


def test_classes_do_not_take_from_each_other() -> None:
    limiter = RateLimiter(clock=Clock())
    for _ in range(RATES[RateClass.DESTRUCTIVE].burst):
        limiter.admit(ENDPOINTS["versions.uninstall"])
    with pytest.raises(RateLimited):
        limiter.admit(ENDPOINTS["versions.empty_trash"])
    limiter.admit(ENDPOINTS["versions.install"])
    limiter.admit(ENDPOINTS["versions.list"])


@pytest.mark.parametrize("name", ["operations.cancel", "versions.stop"])
def test_cancel_and_stop_are_never_refused(name: str) -> None:
    limiter = RateLimiter({kind: Rate(0.001, 1) for kind in RateClass if kind != "unlimited"})
    for _ in range(10_000):
        limiter.admit(ENDPOINTS[name])


def test_many_threads_together_get_one_burst() -> None:
    bucket = TokenBucket(Rate(0.5, 40), Clock())
    counts: list[int] = []
    all_at_once([lambda: counts.append(taken(bucket, 50))] * 8)
    assert sum(counts) == 40


def test_the_refusal_names_the_endpoint_and_the_seconds() -> None:
    limiter = RateLimiter({RateClass.CHANGE: Rate(0.5, 1)}, Clock())
    limiter.admit(ENDPOINTS["versions.install"])
    with pytest.raises(RateLimited) as caught:
        limiter.admit(ENDPOINTS["versions.install"])
    assert caught.value.context == {"endpoint": "versions.install", "retry_after": 2.0}
    assert "2.0 s" in caught.value.hint
