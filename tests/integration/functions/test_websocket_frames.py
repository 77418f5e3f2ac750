"""Any sequence of frames, good and bad, keeps the protocol's promises."""

import asyncio
import base64
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from danmu_tts.domain.audio import AudioChunk
from danmu_tts.domain.connections import Connection
from danmu_tts.domain.errors import BackendServerError
from danmu_tts.domain.speech import Utterance
from speech_contract.frames import MOST_AUDIO_BYTES, Accepted, AnyServerFrame, Audio, Cancelled, Done, Error
from tests.builders.fake_backend import FakeBackend
from tests.builders.websocket_bench import CLIENT, a_connection, speak, websocket_bench

FAILS, HALF = "fails", "fails midway"
_TURNS_A_CHUNK = 20


class Moody(FakeBackend):
    """Takes its time, and does what the text says."""

    async def synthesize(self, utterance: Utterance) -> AsyncIterator[AudioChunk]:
        async for chunk in super().synthesize(utterance):
            for _ in range(_TURNS_A_CHUNK):
                await asyncio.sleep(0)
            if FAILS in utterance.text and HALF not in utterance.text:
                raise BackendServerError("as the text says")
            yield chunk
            if HALF in utterance.text:
                raise BackendServerError("as the text says")


ids = st.sampled_from(["a", "b", "c"])
texts = st.sampled_from(["你好", "Hello, chat, nice to see you! " * 8, f"it {FAILS}", f"it {HALF}, or so", "!!!", ""])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
good = st.one_of(
    st.builds(speak, ids, texts, captions=st.booleans()),
    st.builds(lambda id_: {"action": "cancel", "id": id_}, ids),
    st.builds(lambda id_, seq: {"action": "resume", "speaks": [{"id": id_, "seq": seq}]}, ids, st.integers(0, 3)),
    st.sampled_from([{"action": "ping"}, {"action": "voices"}, {"action": "voices", "language": "zh"}]),
)
bad = st.one_of(
    st.text(max_size=40),
    json_values,
    st.builds(
        lambda frame, name, value: frame | {name: value}, good, st.sampled_from(["id", "text", "x"]), json_values
    ),
)
steps = st.lists(st.tuples(good | bad, st.integers(0, 30)), max_size=12)


class Listener:
    """A client that checks what it hears."""

    def __init__(self) -> None:
        self.ends: dict[str, list[str]] = defaultdict(list)
        self.accepted: dict[str, int] = defaultdict(int)
        self._seq: dict[str, int] = {}
        self._final: set[str] = set()

    def hear(self, frame: AnyServerFrame) -> None:
        match frame:
            case Accepted(id=name):
                assert name not in self._seq, "accepted twice"
                self.accepted[name] += 1
                self._seq[name] = 0
                self._final.discard(name)
            case Audio(id=name):
                assert frame.seq == self._seq[name], "out of order, or after the end"
                assert name not in self._final, "more after the final piece"
                assert len(base64.b64decode(frame.data or "")) <= MOST_AUDIO_BYTES
                self._seq[name] += 1
                self._final |= {name} if frame.final else set()
            case Done(id=name):
                assert name in self._final, "done without a final piece"
                self._end(name, frame.type)
            case Cancelled(id=name):
                self._end(name, frame.type)
            case Error(id=str(name)):
                if name in self._seq:  # else it is about what was asked to be resumed
                    self._end(name, frame.type)

    def _end(self, name: str, kind: str) -> None:
        del self._seq[name]
        self.ends[name].append(kind)


async def talk(directory: Path, connection: Connection, frames: list[tuple[Any, int]]) -> list[AnyServerFrame]:
    bench = websocket_bench(directory, Moody())
    asked = []
    for frame, turns in frames:
        asked.append(bench.begin(connection, frame))
        for _ in range(turns):
            await asyncio.sleep(0)
    async with asyncio.timeout(60):
        await asyncio.gather(*asked)
    await bench.container.close()
    return bench.sent(connection)


@settings(max_examples=60)
@given(steps)
def test_each_accepted_utterance_has_one_end_and_nothing_after_it(frames: list[tuple[Any, int]]) -> None:
    with TemporaryDirectory() as directory:
        sent = asyncio.run(talk(Path(directory), a_connection(client=CLIENT), frames))
    listener = Listener()
    for frame in sent:
        listener.hear(frame)
    assert {name: len(ends) for name, ends in listener.ends.items()} == listener.accepted


@settings(max_examples=60)
@given(st.lists(bad, min_size=1, max_size=6))
def test_each_bad_frame_is_answered_by_one_error(frames: list[Any]) -> None:
    with TemporaryDirectory() as directory:
        sent = asyncio.run(talk(Path(directory), a_connection(), [(frame, 0) for frame in frames]))
    answered = [frame for frame in sent if not isinstance(frame, Accepted | Audio)]
    assert len(answered) == len(frames)
