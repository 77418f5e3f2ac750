"""What the overlay makes of the frames that it gets."""

import io
import time
from base64 import b64encode
from collections.abc import Iterator

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Browser, Page

from speech_contract.events import EventKind
from speech_contract.room_frames import (
    AudioOf,
    Listen,
    Listening,
    ListenRole,
    Played,
    PlayedOutcome,
    Ready,
    UtteranceFrame,
)
from tests.builders.sound import sine
from tests.e2e.program import Server
from tests.e2e.room import Room
from tests.fakes.web_socket import FakeWebSocket


@pytest.fixture
def page(obs: Browser) -> Iterator[Page]:
    context = obs.new_context()
    yield context.new_page()
    context.close()


def now_ms() -> int:
    return round(time.time() * 1000)


def utterance(room: Room, expires_at: int) -> UtteranceFrame:
    wav = io.BytesIO()
    soundfile.write(wav, np.frombuffer(sine(0.1), "<i2"), 22_050, format="WAV")
    return UtteranceFrame(
        room=room.name,
        id=f"until-{expires_at}",
        kind=EventKind.DANMU,
        rank="plain",
        viewer="v",
        name="Tom",
        original="hello",
        spoken="hello",
        count=1,
        people=1,
        emotes={},
        voice="a:voice",
        captions=[],
        duration_ms=100,
        audio=AudioOf(data=b64encode(wav.getvalue()).decode(), content_type="audio/wav"),
        expires_at=expires_at,
    )


def test_nothing_is_begun_whose_deadline_is_as_good_as_over(page: Page, server: Server) -> None:
    """The page knows the room's clock by a message, so to some 100 ms."""
    room, websocket = Room(server), FakeWebSocket(page)
    page.goto(room.overlay)
    websocket.receive(Listen)
    websocket.send(Listening(room=room.name, role=ListenRole.PLAYER, now=now_ms()))
    for left_ms, outcome in ((150, PlayedOutcome.EXPIRED), (60_000, PlayedOutcome.STARTED)):
        websocket.receive(Ready)
        frame = utterance(room, now_ms() + left_ms)
        websocket.send(frame)
        told = websocket.receive(Played)
        assert (told.id, told.outcome) == (frame.id, outcome)
