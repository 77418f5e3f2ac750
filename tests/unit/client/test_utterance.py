"""What a client hears of an utterance that the server lost and speaks again."""

import base64

import pytest

from danmu_tts.client.utterance import Utterance
from speech_contract.frames import Audio, Speak
from tests.builders.frames import a_done

DONE = a_done(bytes=3)


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


async def test_what_does_not_add_up_is_asked_for_anew_and_only_once() -> None:
    utterance = Utterance(Speak(id="a", text="hi"), nothing, nowhere, nothing)
    utterance.receive(piece(b"lost some"))
    assert utterance.lacks_some_of(a_done(bytes=20))
    utterance.begin_anew()
    utterance.receive(piece(b"lost again"))
    assert not utterance.lacks_some_of(a_done(bytes=20))


@pytest.mark.parametrize("data", [b"", b"1", b"12", b"123", b"1234"])
async def test_what_adds_up_is_not_asked_for_again(data: bytes) -> None:
    utterance = Utterance(Speak(id="a", text="hi"), nothing, nowhere, nothing)
    utterance.receive(piece(data))
    assert not utterance.lacks_some_of(a_done(bytes=len(data)))


async def test_audio_by_url_is_not_counted() -> None:
    utterance = Utterance(Speak(id="a", text="hi"), nothing, nowhere, nothing)
    utterance.receive(Audio(id="a", seq=0, url="/audio/x", final=True))
    assert not utterance.lacks_some_of(a_done(bytes=20))
