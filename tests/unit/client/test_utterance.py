"""What a client hears of an utterance that the server lost and speaks again."""

import base64

import pytest

from danmu_tts.client.utterance import Utterance
from speech_contract.frames import Audio, Done, Speak
from speech_contract.speech import TimingsAnswer

DONE = Done(
    id="a",
    duration_ms=1,
    bytes=3,
    format="pcm",
    sample_rate_hz=24_000,
    voice="fake:zh",
    backend="fake",
    cost_usd=0,
    timings=TimingsAnswer(first_audio_ms=0, total_ms=0),
)


async def nothing(_: object) -> None:
    pass


async def nowhere(_: str) -> bytes:
    return b""


def piece(data: bytes) -> Audio:
    return Audio(id="a", seq=0, data=base64.b64encode(data).decode())


@pytest.mark.parametrize("times", [1, 2])
async def test_what_came_before_the_server_lost_it_is_void_also_when_it_is_lost_again(times: int) -> None:
    utterance = Utterance(Speak(id="a", text="hi"), nothing, nowhere, nothing)
    utterance.receive(piece(b"old"))  # nobody has taken it yet
    for _ in range(times):
        utterance.begin_anew()
    utterance.receive(piece(b"new"))
    utterance.receive(DONE)
    assert (await utterance.all()).audio == b"new"
