"""What happens to own voices where many act at once, and where stores are away."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest

from danmu_tts.adapters.cache.memory import MemoryCache
from danmu_tts.domain.access import ANONYMOUS, Principal, Scope
from danmu_tts.domain.errors import InvalidRequestError, StoreAwayError, VoiceNotFoundError
from danmu_tts.domain.reference_voices import ReferenceRecord, ReferenceState
from danmu_tts.ports.reference_voices import FitRecording, UnfitRecording
from danmu_tts.services.reference_voices import ReferenceOptions, ReferenceStores, ReferenceVoices, ReferenceWish
from tests.builders.clock import FakeClock
from tests.builders.reference_store import FakeReferenceRecordings, FakeReferenceRecords
from tests.builders.speech import KEY, a_key, a_speech

MINE = Principal("aaaaaaaaaaab", frozenset({Scope.SPEAK}))
WISH = ReferenceWish("mine", "audio/wav", 1000, "I agree to that, I do.")


class Examiner:
    """Takes what begins with "good"; the recording is what was sent."""

    def examine(self, data: bytes) -> FitRecording | UnfitRecording:
        return FitRecording(data + bytes(48_044)) if data.startswith(b"good") else UnfitRecording("It is bad.")


class SpokenKeys:
    def __init__(self) -> None:
        self.keys: dict[str, list[str]] = {}
        self.away = False

    async def note(self, voice: str, key: str) -> None:
        self._check()
        self.keys.setdefault(voice, []).append(key)

    async def take(self, voice: str) -> Sequence[str]:
        self._check()
        return self.keys.pop(voice, [])

    def _check(self) -> None:
        if self.away:
            raise StoreAwayError("Redis is away.")


@dataclass
class Bench:
    """The service over stores in memory; another of these is another process over the same ones."""

    records: FakeReferenceRecords = field(default_factory=FakeReferenceRecords)
    recordings: FakeReferenceRecordings = field(default_factory=FakeReferenceRecordings)
    spoken: SpokenKeys = field(default_factory=SpokenKeys)
    clock: FakeClock = field(default_factory=FakeClock)
    ids: Any = field(default_factory=count)

    def __post_init__(self) -> None:
        self.cache = MemoryCache(100_000, 60)
        self.voices = ReferenceVoices(
            ReferenceStores(self.records, self.recordings),
            Examiner(),
            self.spoken,
            self.cache,
            ReferenceOptions(most_bytes=5000, most_voices=3),
            self.clock,
            lambda: f"{next(self.ids):032x}",
        )

    def other_process(self) -> "Bench":
        return Bench(self.records, self.recordings, self.spoken, self.clock, self.ids)

    async def sent(self, data: bytes = b"good") -> ReferenceRecord:
        record, _ = await self.voices.request_upload(MINE, WISH)
        self.recordings.uploads[record.id] = data
        return record

    async def ready(self) -> ReferenceRecord:
        return await self.voices.check(MINE, (await self.sent()).id)


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_many_who_ask_at_once_get_no_more_than_one_may_have(bench: Bench) -> None:
    wishes = (bench.voices.request_upload(MINE, WISH) for _ in range(20))
    outcomes = await asyncio.gather(*wishes, return_exceptions=True)
    assert all(isinstance(each, tuple | InvalidRequestError) for each in outcomes)
    assert len(bench.records.kept) <= 3


async def test_many_checks_at_once_agree(bench: Bench) -> None:
    record = await bench.sent()
    processes = [bench, *(bench.other_process() for _ in range(4))]
    answers = await asyncio.gather(*(each.voices.check(MINE, record.id) for each in processes))
    assert len(set(answers)) == 1
    assert answers[0].state is ReferenceState.READY
    assert bench.recordings.uploads == {}
    assert len(bench.recordings.audio) == 1


async def test_a_second_upload_between_two_checks_makes_no_voice_that_is_not_its_recording(bench: Bench) -> None:
    record = await bench.sent(b"good 1")
    bench.recordings.may_read.clear()
    first = asyncio.create_task(bench.voices.check(MINE, record.id))
    await bench.recordings.reading.wait()
    bench.recordings.reading.clear()
    bench.recordings.uploads[record.id] = b"good 2"
    second = asyncio.create_task(bench.other_process().voices.check(MINE, record.id))
    await bench.recordings.reading.wait()
    bench.recordings.may_read.set()
    answers = await asyncio.gather(first, second)
    assert answers[0] == answers[1]
    found = await bench.voices.find(record.voice, MINE)
    assert found is not None
    kept = bench.recordings.audio[record.id]
    assert found.reference.sha256 == answers[0].sha256 == hashlib.sha256(kept).hexdigest()
    assert len(bench.recordings.audio) == 1


async def test_what_is_deleted_while_it_is_checked_leaves_nothing(bench: Bench) -> None:
    record = await bench.sent()
    bench.recordings.may_read.clear()
    checking = asyncio.create_task(bench.voices.check(MINE, record.id))
    await bench.recordings.reading.wait()
    await bench.other_process().voices.delete(MINE, record.id)
    bench.recordings.may_read.set()
    with pytest.raises(VoiceNotFoundError):
        await checking
    assert (bench.records.kept, bench.recordings.audio, bench.recordings.uploads) == ({}, {}, {})


async def test_a_voice_that_was_deleted_elsewhere_speaks_for_seconds_and_no_longer(bench: Bench) -> None:
    record = await bench.ready()
    assert await bench.voices.find(record.voice, MINE)
    await bench.other_process().voices.delete(MINE, record.id)
    bench.clock.advance(4.9)
    assert await bench.voices.find(record.voice, MINE)
    bench.clock.advance(0.2)
    with pytest.raises(VoiceNotFoundError):
        await bench.voices.find(record.voice, MINE)


async def test_looking_for_ever_new_names_keeps_no_more_than_so_many(bench: Bench) -> None:
    record = await bench.ready()
    for number in range(3000):
        with pytest.raises(VoiceNotFoundError):
            await bench.voices.find(f"ref-{number + 100:032x}", ANONYMOUS)
    reads = bench.records.reads
    with pytest.raises(VoiceNotFoundError):
        await bench.voices.find(f"ref-{3099:032x}", ANONYMOUS)
    assert bench.records.reads == reads
    with pytest.raises(VoiceNotFoundError):
        await bench.voices.find(f"ref-{100:032x}", ANONYMOUS)
    assert bench.records.reads == reads + 1
    assert await bench.voices.find(record.voice, MINE)


async def test_what_was_unknown_to_one_is_not_unknown_to_another(bench: Bench) -> None:
    record = await bench.ready()
    with pytest.raises(VoiceNotFoundError):
        await bench.voices.find(record.voice, ANONYMOUS)
    assert await bench.voices.find(record.voice, MINE)


async def test_what_a_voice_spoke_goes_with_it_and_nothing_else(bench: Bench) -> None:
    first, second = await bench.ready(), await bench.ready()
    for key, record in ((KEY, first), (a_key(1), second)):
        await bench.cache.set(key, a_speech())
        await bench.voices.note_audio(record.voice, key)
    await bench.voices.delete(MINE, first.id)
    assert bench.recordings.audio.keys() == {second.id}
    assert await bench.cache.get(KEY) is None
    assert await bench.cache.get(a_key(1))


async def test_without_redis_a_voice_speaks_and_can_be_deleted(bench: Bench) -> None:
    record = await bench.ready()
    bench.spoken.away = True
    await bench.voices.note_audio(record.voice, KEY)
    await bench.voices.delete(MINE, record.id)
    assert bench.records.kept == {}


async def test_a_refused_recording_says_so_each_time_and_is_read_once(bench: Bench) -> None:
    record = await bench.sent(b"bad")
    for _ in range(2):
        with pytest.raises(InvalidRequestError, match="It is bad"):
            await bench.voices.check(MINE, record.id)
    assert bench.recordings.uploads == {}
    assert (await bench.voices.get(MINE, record.id)).reason == "It is bad."
