"""What is paid, what is not, and who speaks when the money is spent."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from danmu_tts.adapters.ledger.sqlite import SqliteLedger
from danmu_tts.domain.access import Principal, Scope
from danmu_tts.domain.errors import (
    BackendLateError,
    BackendNetworkError,
    BackendRateLimitedError,
    BackendRefusedError,
    BackendServerError,
    BackendTimeoutError,
    BudgetExhaustedError,
    BudgetUnknownError,
)
from danmu_tts.domain.speech import Fallback, SpeechRequest
from danmu_tts.domain.spend import Cost, Total
from danmu_tts.ports import BackendTraits
from danmu_tts.services.budget import Budget, cost_of
from tests.builders.fake_backend import FakeBackend
from tests.builders.recording_metrics import RecordingMetrics
from tests.builders.speak_bench import SpeakBench, speak_bench
from tests.builders.until import until

PAID = BackendTraits(usd_per_million_chars=15.0, chars_per_hanzi=2)
TEXT = "主播晚上好"
USD = 10 * 15 / 1_000_000
BOT = Principal("bot", frozenset({Scope.SPEAK}), monthly_characters=15)


@pytest.mark.parametrize(
    ("text", "chars_per_hanzi", "billed"),
    [
        ("hello", 2, 5),
        ("你好", 1, 2),
        ("你好", 2, 4),
        ("你好 ok!", 2, 8),
        ("こんにちは", 2, 5),
        ("今日は", 2, 5),
        ("", 2, 0),
    ],
)
def test_a_hanzi_is_billed_as_often_as_the_vendor_counts_it(text: str, chars_per_hanzi: int, billed: int) -> None:
    traits = BackendTraits(usd_per_million_chars=10.0, chars_per_hanzi=chars_per_hanzi)
    assert cost_of(text, traits) == Cost(billed, billed * 10_000)


def paid(fails: Exception | None = None) -> FakeBackend:
    return FakeBackend("paid", traits=PAID, fails_with=fails)  # type: ignore[arg-type]


async def spent(directory: Path, month: str = "2026-11") -> dict[str, Total]:
    return dict(await SqliteLedger(directory / "spend.sqlite3").report(month))


async def speak(bench: SpeakBench, text: str = TEXT, principal: Principal = BOT, room: str | None = "evening"):  # type: ignore[no-untyped-def]
    speech = await bench.service.speak(SpeechRequest(text, principal=principal, room=room))
    await bench.budget.report()  # which waits for what is written behind
    return speech


async def test_what_is_made_is_entered_under_everybody_it_concerns(tmp_path: Path) -> None:
    bench = speak_bench(paid(), directory=tmp_path)
    speech = await speak(bench)
    assert speech.cost_usd == pytest.approx(USD)
    assert await spent(tmp_path) == dict.fromkeys(
        ("all", "backend/paid", "key/bot", "room/evening"), Total(10, 10, round(USD * 1e9))
    )
    assert bench.metrics.characters == {"paid": 10}
    assert bench.metrics.usd == pytest.approx({"paid": USD})


async def test_the_cache_costs_nothing(tmp_path: Path) -> None:
    bench = speak_bench(paid(), directory=tmp_path)
    await speak(bench)
    assert (await speak(bench)).cost_usd == 0
    assert (await spent(tmp_path))["all"].characters == 10


async def test_what_failed_was_not_spent(tmp_path: Path) -> None:
    bench = speak_bench(paid(BackendServerError("no")), FakeBackend("free"), directory=tmp_path)
    await speak(bench)
    totals = await spent(tmp_path)
    assert totals["all"] == Total(5, 0, 0)
    assert totals["backend/paid"] == Total(0, 0, 0)


@pytest.mark.parametrize(
    ("error", "billed"),
    [
        (BackendTimeoutError("silent"), True),
        (BackendLateError("slow"), True),
        (BackendNetworkError("not reached"), False),
        (BackendRateLimitedError("too often"), False),
        (BackendRefusedError("not that"), False),
    ],
)
async def test_a_call_that_the_vendor_had_taken_is_billed_though_it_failed(
    tmp_path: Path, error: Exception, billed: bool
) -> None:
    bench = speak_bench(paid(error), FakeBackend("free"), directory=tmp_path)
    assert (await speak(bench)).encoded.backend == "free"
    assert ((await spent(tmp_path))["backend/paid"].paid_characters > 0) is billed


async def test_a_call_that_its_asker_left_is_billed(tmp_path: Path) -> None:
    vendor = FakeBackend("paid", traits=PAID, waits_for=asyncio.Event())
    bench = speak_bench(vendor, directory=tmp_path)
    asking = asyncio.create_task(speak(bench))
    await until(lambda: bool(vendor.spoken))
    asking.cancel()
    await asyncio.wait([asking])
    await bench.budget.report()
    assert (await spent(tmp_path))["backend/paid"].paid_characters == 10


async def test_at_a_keys_cap_a_free_voice_speaks_and_the_answer_says_so(tmp_path: Path) -> None:
    bench = speak_bench(paid(), FakeBackend("free"), directory=tmp_path)
    assert (await speak(bench)).encoded.backend == "paid"
    second = await speak(bench, "再来一首好吗")
    assert (second.encoded.backend, second.fallback, second.cost_usd) == (
        "free",
        Fallback("paid:zh-CN", "budget"),
        0,
    )
    assert bench.metrics.fallbacks == {("paid", "free"): 1}
    rich = Principal("rich", frozenset({Scope.SPEAK}))
    assert (await speak(bench, "再来一首好吗", rich)).encoded.backend == "paid"


async def test_at_the_cap_no_other_paid_voice_is_asked(tmp_path: Path) -> None:
    other = FakeBackend("other", traits=PAID)
    bench = speak_bench(paid(), other, FakeBackend("free"), directory=tmp_path, monthly_usd=0)
    assert (await speak(bench)).encoded.backend == "free"
    assert other.spoken == []


async def test_where_no_free_voice_is_left_the_budget_is_exhausted(tmp_path: Path) -> None:
    now = datetime(2026, 11, 30, 23, 59, 30, tzinfo=UTC)
    bench = speak_bench(paid(), directory=tmp_path, monthly_usd=USD, now=now)
    await speak(bench)
    with pytest.raises(BudgetExhaustedError) as caught:
        await speak(bench, "再来一首")
    assert (caught.value.http_status, caught.value.code, caught.value.retry_after_s) == (429, "budget_exhausted", 30)
    assert (await speak(bench)).cached == "memory"


async def test_a_room_may_have_a_budget_of_its_own(tmp_path: Path) -> None:
    bench = speak_bench(paid(), FakeBackend("free"), directory=tmp_path)

    async def spoken_by(text: str, room: str) -> str:
        speech = await bench.service.speak(SpeechRequest(text, room=room, room_monthly_usd=USD))
        return speech.encoded.backend

    assert [await spoken_by(text, "a-room") for text in (TEXT, "再来一首", "又来一首")] == ["paid", "free", "free"]
    assert await spoken_by("别的房间", "another") == "paid"


async def test_each_month_has_a_budget_of_its_own(tmp_path: Path) -> None:
    october = speak_bench(paid(), directory=tmp_path, monthly_usd=USD, now=datetime(2026, 10, 31, tzinfo=UTC))
    await speak(october)
    november = speak_bench(paid(), directory=tmp_path, monthly_usd=USD)
    assert (await speak(november, "新的一个月")).encoded.backend == "paid"
    assert set(await spent(tmp_path, "2026-10")) == set(await spent(tmp_path))


async def test_a_ledger_that_cannot_be_written_stops_paid_voices_under_a_cap_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ledger = SqliteLedger(tmp_path / "file" / "spend.sqlite3")
    metrics, now = RecordingMetrics(), datetime(2026, 11, 22, tzinfo=UTC)
    free, dear = Cost(10, 0), Cost(10, 1000)
    careless = Principal("careless", frozenset({Scope.SPEAK}))
    budget = Budget(ledger, None, metrics, lambda: now, lambda: "entry")
    for cost, principal in ((free, BOT), (free, careless), (dear, careless)):
        async with budget.spend(cost, "any", principal, None):
            pass
    with pytest.raises(BudgetUnknownError):
        async with budget.spend(dear, "any", BOT, None):
            pass
