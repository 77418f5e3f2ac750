"""An utterance's frames: in order, in pieces of a size, to wherever its client is, with one end."""

import asyncio
import base64
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from danmu_tts.adapters.connections.redis import RedisConnections
from danmu_tts.adapters.redis.client import RedisClient
from danmu_tts.domain.connections import Connection, ListenerGoneError
from danmu_tts.services.audio_stream import AudioStream
from danmu_tts.services.delivery import Delivery
from danmu_tts.settings import RedisSettings
from speech_contract.frames import MOST_AUDIO_BYTES, Accepted, AnyServerFrame, Audio, Cancelled, Error
from speech_contract.speech import ErrorDetail
from tests.builders.fake_pusher import FakePusher
from tests.builders.frames import a_done

HERE = Connection("here", "http://gateway", client="a-client-of-its-own")
THERE = Connection("there", "http://gateway", client="a-client-of-its-own")
STRANGER = Connection("stranger", "http://gateway")
DONE = a_done()
CANCELLED = Cancelled(id="a")
FAILED = Error(id="a", error=ErrorDetail(message="no", type="server_error", code="backend_unavailable"))
LONG = bytes(range(256)) * 300


@pytest.fixture
def pusher() -> FakePusher:
    return FakePusher()


async def no_pause(_: float) -> None:
    pass


async def nothing() -> None:
    pass


def a_stream(
    pusher: FakePusher,
    to: Connection = HERE,
    return_s: float = 30,
    release: Callable[[], Awaitable[None]] | None = None,
) -> AudioStream:
    connections = RedisConnections(RedisClient(RedisSettings()), 60)
    delivery = Delivery(connections, pusher, time.monotonic, no_pause)
    return AudioStream("a", to, delivery, return_s, release or nothing)


@asynccontextmanager
async def running(stream: AudioStream) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(stream.run())
    yield task
    async with asyncio.timeout(30):
        await task


def audio_of(frames: list[AnyServerFrame]) -> list[Audio]:
    return [frame for frame in frames if isinstance(frame, Audio)]


def heard(frames: list[AnyServerFrame]) -> bytes:
    """What a client has that does as ``Audio`` says."""
    audio = b""
    for seq, frame in enumerate(audio_of(frames)):
        assert frame.seq == seq
        audio = (b"" if frame.restart else audio) + base64.b64decode(frame.data or "")
    return audio


async def test_audio_goes_out_while_it_is_made_and_ends_with_done(pusher: FakePusher) -> None:
    stream = a_stream(pusher)
    async with running(stream):
        assert await pusher.until_sent("here", 1) == [Accepted(id="a")]
        stream.begin()
        stream.hear(b"one")
        await pusher.until_sent("here", 2)
        stream.hear(b"two")
        await pusher.until_sent("here", 3)
        stream.finish(DONE, b"onetwo", None)
    frames = pusher.sent["here"]
    assert heard(frames) == b"onetwo"
    assert [frame.final for frame in audio_of(frames)] == [False, False, True]
    assert frames[-1] == DONE


async def test_no_piece_is_larger_than_one_step_of_api_gateways_bill(pusher: FakePusher) -> None:
    stream = a_stream(pusher)
    async with running(stream):
        stream.finish(DONE, LONG, None)
    frames = pusher.sent["here"]
    assert heard(frames) == LONG
    assert [frame.final for frame in audio_of(frames)] == [False, False, False, True]
    assert max(len(frame.encode()) for frame in frames) <= 32 * 1024
    assert max(len(base64.b64decode(frame.data or "")) for frame in audio_of(frames)) == MOST_AUDIO_BYTES


async def test_what_is_made_while_the_last_piece_is_sent_goes_together(pusher: FakePusher) -> None:
    stream = a_stream(pusher)
    pusher.holds["here"] = asyncio.Event()
    async with running(stream):
        for number in range(10):
            stream.hear(b"%d" % number)
        pusher.holds.pop("here").set()
        stream.finish(DONE, b"0123456789", None)
    assert [base64.b64decode(frame.data or "") for frame in audio_of(pusher.sent["here"])] == [b"0123456789"]


async def test_long_audio_that_is_ready_goes_by_url(pusher: FakePusher) -> None:
    stream = a_stream(pusher)
    async with running(stream):
        stream.finish(DONE, LONG, "https://bucket/audio")
    assert pusher.sent["here"] == [
        Accepted(id="a"),
        Audio(id="a", seq=0, url="https://bucket/audio", final=True),
        DONE,
    ]


async def test_what_was_heard_is_not_sent_again_by_url(pusher: FakePusher) -> None:
    stream = a_stream(pusher)
    async with running(stream):
        stream.hear(b"one")
        stream.finish(DONE, b"one", "https://bucket/audio")
    assert heard(pusher.sent["here"]) == b"one"


async def test_another_voice_begins_anew_and_says_so(pusher: FakePusher) -> None:
    stream = a_stream(pusher)
    async with running(stream):
        stream.begin()
        stream.hear(b"the first voice fa")
        await pusher.until_sent("here", 2)
        stream.begin()
        stream.hear(b"the second voice")
        stream.finish(DONE, b"the second voice", None)
    frames = pusher.sent["here"]
    assert heard(frames) == b"the second voice"
    assert [frame.restart for frame in audio_of(frames)][:2] == [None, True]


async def test_another_voice_may_begin_while_a_piece_of_the_first_is_being_sent(pusher: FakePusher) -> None:
    stream = a_stream(pusher)
    async with running(stream):
        await pusher.until_sent("here", 1)
        hold = pusher.holds["here"] = asyncio.Event()
        stream.hear(b"the first")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        stream.begin()
        stream.hear(b"the second voice")
        del pusher.holds["here"]
        hold.set()
        stream.finish(DONE, b"the second voice", None)
    assert heard(pusher.sent["here"]) == b"the second voice"


async def test_a_plugins_other_audio_takes_the_place_of_what_was_heard(pusher: FakePusher) -> None:
    stream = a_stream(pusher)
    async with running(stream):
        stream.hear(b"plain")
        await pusher.until_sent("here", 2)
        stream.finish(DONE, b"with a beep", None)
    assert heard(pusher.sent["here"]) == b"with a beep"


async def test_cancelling_drops_what_was_not_sent(pusher: FakePusher) -> None:
    stream = a_stream(pusher)
    async with running(stream):
        await pusher.until_sent("here", 1)
        hold = pusher.holds["here"] = asyncio.Event()
        stream.hear(LONG)
        await asyncio.sleep(0)
        assert stream.break_off(CANCELLED)
        del pusher.holds["here"]
        hold.set()
    frames = pusher.sent["here"]
    assert len(audio_of(frames)) <= 1
    assert frames[-1] == CANCELLED


async def test_the_first_end_is_the_only_one(pusher: FakePusher) -> None:
    stream = a_stream(pusher)
    async with running(stream):
        stream.hear(b"some")
        assert stream.break_off(FAILED)
        assert not stream.break_off(CANCELLED)
        stream.finish(DONE, b"some audio", None)
        stream.hear(b"audio")
    assert pusher.sent["here"] == [Accepted(id="a"), FAILED]


async def test_its_name_is_free_before_its_client_knows_that_it_ended(pusher: FakePusher) -> None:
    sent: list[str] = []

    async def release() -> None:
        sent.extend(frame.type for frame in pusher.sent["here"])

    stream = a_stream(pusher, release=release)
    async with running(stream):
        stream.finish(DONE, b"some", None)
    assert sent == ["accepted", "audio"]


async def test_it_is_too_late_to_cancel_once_the_end_is_on_its_way(pusher: FakePusher) -> None:
    stream = a_stream(pusher)
    async with running(stream):
        stream.finish(DONE, b"some", None)
        await pusher.until_sent("here", 2)
        hold = pusher.holds["here"] = asyncio.Event()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not stream.break_off(CANCELLED)
        del pusher.holds["here"]
        hold.set()
    assert pusher.sent["here"][-1] == DONE


async def test_a_client_that_comes_back_hears_the_rest(pusher: FakePusher) -> None:
    stream = a_stream(pusher)
    async with running(stream):
        stream.hear(b"one")
        await pusher.until_sent("here", 2)
        pusher.gone.add("here")
        stream.hear(b"two")
        await asyncio.sleep(0)
        stream.move(THERE, 1)
        stream.finish(DONE, b"onetwo", None)
    assert heard(pusher.sent["here"]) == b"one"
    rest = audio_of(pusher.sent["there"])
    assert rest[0].seq == 1
    assert b"".join(base64.b64decode(frame.data or "") for frame in rest) == b"two"
    assert pusher.sent["there"][-1] == DONE


@pytest.mark.parametrize("seq", range(5))
async def test_what_was_lost_on_the_way_is_sent_again(pusher: FakePusher, seq: int) -> None:
    stream = a_stream(pusher)
    async with running(stream):
        for number in range(4):
            stream.hear(b"%d" % number)
            await pusher.until_sent("here", 2 + number)
        stream.move(THERE, seq)
        stream.finish(DONE, b"0123", None)
    rest = audio_of(pusher.sent["there"])
    assert [frame.seq for frame in rest] == list(range(seq, seq + len(rest)))
    assert b"".join(base64.b64decode(frame.data or "") for frame in rest) == b"0123"[seq:]
    assert rest[-1].final


async def test_who_missed_the_other_voices_beginning_hears_it_from_there(pusher: FakePusher) -> None:
    stream = a_stream(pusher)
    async with running(stream):
        for number in range(3):
            stream.hear(b"%d" % number)
            await pusher.until_sent("here", 2 + number)
        stream.begin()
        stream.hear(b"anew")
        await pusher.until_sent("here", 5)
        stream.move(THERE, 1)
        stream.finish(DONE, b"anew", None)
    first, *_ = audio_of(pusher.sent["there"])
    assert (first.seq, first.restart, base64.b64decode(first.data or "")) == (1, True, b"anew")


async def test_a_late_word_of_an_older_connection_does_not_take_it_away(pusher: FakePusher) -> None:
    older = Connection("older", "http://gateway", client=HERE.client, connected_at_ms=1)
    newer = Connection("newer", "http://gateway", client=HERE.client, connected_at_ms=2)
    stream = a_stream(pusher)
    async with running(stream):
        await pusher.until_sent("here", 1)
        stream.move(newer, 0)
        stream.move(older, 0)
        stream.finish(DONE, b"some", None)
    assert heard(pusher.sent["newer"]) == b"some"
    assert pusher.sent["older"] == []


async def test_a_client_that_comes_back_while_a_piece_hangs_does_not_wait_for_it(pusher: FakePusher) -> None:
    stream = a_stream(pusher)
    async with running(stream):
        await pusher.until_sent("here", 1)
        pusher.holds["here"] = asyncio.Event()
        stream.hear(b"one")
        await asyncio.sleep(0)
        stream.move(THERE, 0)
        stream.finish(DONE, b"one", None)
    assert heard(pusher.sent["there"]) == b"one"


@pytest.mark.parametrize("to", [STRANGER, HERE])
async def test_who_does_not_come_back_is_given_up(pusher: FakePusher, to: Connection) -> None:
    pusher.gone.add(to.id)
    with pytest.raises(ListenerGoneError):
        await a_stream(pusher, to, return_s=0.01).run()


async def test_who_cancels_is_not_waited_for(pusher: FakePusher) -> None:
    stream = a_stream(pusher)
    pusher.gone.add("here")
    task = asyncio.create_task(stream.run())
    await asyncio.sleep(0)
    stream.break_off(CANCELLED)
    with pytest.raises(ListenerGoneError):
        await asyncio.wait_for(task, 30)


async def test_a_resume_that_comes_after_a_later_one_loses_no_audio(pusher: FakePusher) -> None:
    """The connection that it came by is gone. By the third the client has heard more than it asked for."""
    stream = a_stream(pusher)
    stale = Connection("stale", "http://gateway", client=HERE.client)
    pusher.gone.add("stale")
    async with running(stream):
        stream.begin()
        stream.hear(b"zero")
        await pusher.until_sent("here", 2)
        for number, word in enumerate((b"one", b"two", b"three")):
            stream.hear(word)
            await pusher.until_sent("here", 3 + number)
        stream.move(stale, 1)
        await asyncio.sleep(0.01)
        stream.move(THERE, 4)
        stream.hear(b"four")
        stream.finish(DONE, b"zeroonetwothreefour", None)
    audio, seq = b"", 0
    for frame in audio_of([*pusher.sent["here"], *pusher.sent["there"]]):
        if frame.seq == seq:
            audio, seq = audio + base64.b64decode(frame.data or ""), seq + 1
    assert audio == b"zeroonetwothreefour"
