"""Which limits a request has to pass, and who counts while Redis is away."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import pytest

from danmu_tts.adapters.limits.gcra import LocalLimiter
from danmu_tts.domain.access import ANONYMOUS, Principal, Scope
from danmu_tts.domain.errors import RateLimitedError, StoreAwayError, TextTooLongError
from danmu_tts.domain.limits import Allowance, Limit, Standing, Unit
from danmu_tts.services.limits import Limits
from danmu_tts.settings import LimitSettings
from tests.builders.recording_metrics import RecordingMetrics

NONE = dict.fromkeys(LimitSettings.model_fields, 0)
BOT = Principal("bot", frozenset({Scope.SPEAK}))
ANN = sha256(b"ann").hexdigest()[:16]


class Recorder:
    """Lets everything pass and remembers what was asked."""

    def __init__(self) -> None:
        self.asked: list[Limit] = []

    async def take(self, limits: Sequence[Limit]) -> list[Standing]:
        self.asked += limits
        return [Standing(each, each.per_minute - each.cost, 0.0) for each in limits]


class Away:
    async def take(self, limits: Sequence[Limit]) -> list[Standing]:
        raise StoreAwayError("Redis is away.")


def limits(shared: Recorder | Away | LocalLimiter, metrics: RecordingMetrics | None = None, **settings: Any) -> Limits:
    return Limits(shared, LocalLimiter(), LimitSettings(**(NONE | settings)), metrics or RecordingMetrics())


async def asked(
    principal: Principal, room: str | None, viewer: str | None, **settings: Any
) -> set[tuple[str, str, str, int]]:
    recorder = Recorder()
    await limits(recorder, **settings).take(principal, room, viewer, 7)
    return {(each.of, each.who, each.unit, each.cost) for each in recorder.asked}


async def test_every_limit_that_is_set_and_applies_is_asked() -> None:
    every = dict.fromkeys(LimitSettings.model_fields, 100)
    assert await asked(BOT, "evening", "ann", **every) == {
        (of, who, unit, cost)
        for of, who in (("key", "bot"), ("viewer", f"bot/{ANN}"), ("room", "bot/evening"), ("all", "all"))
        for unit, cost in (("requests", 1), ("characters", 7))
    }


async def test_who_is_not_named_is_not_counted() -> None:
    every = dict.fromkeys(LimitSettings.model_fields, 100)
    assert {of for of, *_ in await asked(ANONYMOUS, None, None, **every)} == {"all"}
    assert await asked(ANONYMOUS, None, None) == set()


async def test_a_keys_own_limit_goes_before_that_of_all_keys() -> None:
    recorder = Recorder()
    own = Principal("bot", frozenset({Scope.SPEAK}), requests_per_minute=5)
    await limits(recorder, key_requests=600, key_characters=1000).take(own, None, None, 7)
    assert {each.unit: each.per_minute for each in recorder.asked} == {Unit.REQUESTS: 5, Unit.CHARACTERS: 1000}


async def test_it_tells_what_is_left_in_the_tightest_limit_of_each_unit() -> None:
    left = await limits(Recorder(), key_requests=600, room_requests=4, key_characters=70).take(BOT, "evening", None, 7)
    assert left == (Allowance(Unit.REQUESTS, 4, 3), Allowance(Unit.CHARACTERS, 70, 63))


@pytest.mark.parametrize("shared", [Away(), LocalLimiter()], ids=["away", "there"])
async def test_beyond_a_limit_the_caller_hears_whose_and_when_to_come_back(shared: Away | LocalLimiter) -> None:
    metrics = RecordingMetrics()
    counted = limits(shared, metrics, room_requests=2)
    for _ in range(2):
        await counted.take(BOT, "evening", None, 7)
    with pytest.raises(RateLimitedError, match="room") as caught:
        await counted.take(BOT, "evening", None, 7)
    assert 29 < (caught.value.retry_after_s or 0) <= 30
    assert caught.value.allowances == (Allowance(Unit.REQUESTS, 2, 0),)
    assert metrics.refused == {"room": 1}
    await counted.take(BOT, "morning", None, 7)


async def test_a_text_that_no_minute_brings_is_too_long_and_takes_nothing() -> None:
    recorder = Recorder()
    with pytest.raises(TextTooLongError, match="10"):
        await limits(recorder, key_requests=5, key_characters=10).take(BOT, None, None, 11)
    assert recorder.asked == []


async def test_rooms_of_different_keys_do_not_share_a_limit() -> None:
    counted = limits(LocalLimiter(), room_requests=1)
    await counted.take(BOT, "evening", None, 7)
    await counted.take(Principal("other", frozenset({Scope.SPEAK})), "evening", None, 7)
