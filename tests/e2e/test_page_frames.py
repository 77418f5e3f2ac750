"""What the page at ``/`` makes of the frames that it gets, in whatever order, over connections that break."""

import re
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from speech_contract.frames import Audio, Cancel, Cancelled, Error, Resume, Speak
from speech_contract.speech import ErrorDetail
from tests.e2e.program import Server
from tests.fakes.web_socket import FakeWebSocket, accepted, audio, done

# A second of a rising line: every sample is another one.
SAMPLES = np.linspace(-20_000, 20_000, 24_000).astype("<i2")
SOUND = SAMPLES.tobytes()
OTHER_SOUND = SAMPLES[::-1].tobytes()
GONE = ErrorDetail(message="Gone.", type="invalid_request_error", code="not_found")
LINE = "hello there"

# Notes what is scheduled, and when.
_NOTES = """
window.scheduled = [];
const start = AudioBufferSourceNode.prototype.start;
AudioBufferSourceNode.prototype.start = function (at) {
  window.scheduled.push({ at, samples: Array.from(this.buffer.getChannelData(0)) });
  return start.call(this, at);
};
"""


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    page = context.new_page()
    page.add_init_script(_NOTES)
    yield page
    context.close()


@pytest.fixture
def websocket(page: Page, server: Server) -> FakeWebSocket:
    """What the page is connected to."""
    websocket = FakeWebSocket(page)
    page.goto(server.base_url)
    expect(page.locator("#connection")).to_have_text("Connected")
    return websocket


def ask(page: Page, websocket: FakeWebSocket, text: str = LINE) -> Speak:
    """Type a line; what the page asks for."""
    page.get_by_label("What to say").fill(text)
    page.keyboard.press("Enter")
    speak = websocket.receive(Speak)
    websocket.send(accepted(speak))
    return speak


def expect_state(page: Page, state: str) -> None:
    expect(page.locator(".state").first).to_have_text(state)


def expect_some_heard(page: Page) -> None:
    expect(page.get_by_role("progressbar").first).to_have_attribute("aria-valuenow", re.compile("^[1-9]"))


def scheduled(page: Page, *, gapless: bool = True) -> bytes:
    """All samples that were scheduled, each piece where the one before it ended."""
    pieces = page.evaluate("window.scheduled")
    for before, after in pairwise(pieces) if gapless else ():
        assert after["at"] - before["at"] == pytest.approx(len(before["samples"]) / 24_000, abs=1e-9)
    samples = np.concatenate([piece["samples"] for piece in pieces])
    return (samples * 32_768).round().astype("<i2").tobytes()


def test_it_asks_for_what_it_can_play(page: Page, websocket: FakeWebSocket) -> None:
    speak = ask(page, websocket)
    assert (speak.text, speak.format, speak.voice, speak.speed) == (LINE, "pcm", None, 1.0)
    assert re.fullmatch(r"ws://.*/ws\?client=[0-9a-f]{32}", websocket.urls[0])


def test_pieces_that_overtook_each_other_and_end_within_a_sample_are_one_sound(
    page: Page, websocket: FakeWebSocket
) -> None:
    speak = ask(page, websocket)
    cuts = [0, 9_999, 20_001, 30_000, len(SOUND)]
    pieces = [
        audio(speak, seq, SOUND[start:end], final=end == len(SOUND)) for seq, (start, end) in enumerate(pairwise(cuts))
    ]
    websocket.send(*(pieces[seq] for seq in (1, 0, 3, 2, 2)), done(speak))
    expect_state(page, "Done")
    assert scheduled(page) == SOUND


def test_an_end_that_overtook_the_sound_waits_for_it(page: Page, websocket: FakeWebSocket) -> None:
    speak = ask(page, websocket)
    websocket.send(done(speak), audio(speak, 1, b"", final=True), audio(speak, 0, SOUND))
    expect_state(page, "Done")
    assert scheduled(page) == SOUND


def test_when_another_voice_begins_anew_the_first_one_is_forgotten(page: Page, websocket: FakeWebSocket) -> None:
    speak = ask(page, websocket)
    websocket.send(audio(speak, 0, SOUND[:9_999]))
    expect_some_heard(page)
    page.evaluate("window.scheduled = []")
    websocket.send(
        audio(speak, 1, OTHER_SOUND, restart=True),
        audio(speak, 2, b"", final=True),
        done(speak, fallback_from="edge:y", fallback_reason="timeout"),
    )
    expect_state(page, "Done")
    assert scheduled(page) == OTHER_SOUND
    expect(page.locator(".note")).to_have_text("piper spoke instead of edge:y: timeout.")


def test_long_audio_is_fetched(page: Page, websocket: FakeWebSocket) -> None:
    page.route(re.compile("/audio/long"), lambda route: route.fulfill(body=SOUND, content_type="audio/pcm"))
    speak = ask(page, websocket)
    websocket.send(Audio(id=speak.id, seq=0, url="/audio/long?signature=1", final=True), done(speak))
    expect_state(page, "Done")
    assert scheduled(page) == SOUND


def test_after_a_reconnect_it_goes_on_where_it_was(page: Page, websocket: FakeWebSocket) -> None:
    speak = ask(page, websocket)
    websocket.send(audio(speak, 0, SOUND[:40_000]))
    expect_some_heard(page)
    websocket.lose()
    (unfinished,) = websocket.receive(Resume).speaks
    assert (unfinished.id, unfinished.seq) == (speak.id, 1)
    websocket.send(audio(speak, 1, SOUND[40_000:], final=True), done(speak))
    expect_state(page, "Done")
    assert len(set(websocket.urls)) == 1  # with the same client id
    assert scheduled(page, gapless=False) == SOUND


def test_what_is_gone_and_was_not_heard_is_asked_for_anew(page: Page, websocket: FakeWebSocket) -> None:
    speak = ask(page, websocket)
    websocket.lose()
    websocket.receive(Resume)
    websocket.send(Error(id=speak.id, error=GONE))
    again = websocket.receive(Speak)
    assert (again.text, again.id == speak.id) == (speak.text, False)
    websocket.send(accepted(again), audio(again, 0, SOUND, final=True), done(again))
    expect_state(page, "Done")
    assert scheduled(page) == SOUND


def test_what_is_gone_and_was_heard_in_part_says_so(page: Page, websocket: FakeWebSocket) -> None:
    speak = ask(page, websocket)
    websocket.send(audio(speak, 0, SOUND))
    expect_some_heard(page)
    websocket.lose()
    websocket.receive(Resume)
    websocket.send(Error(id=speak.id, error=GONE))
    expect_state(page, "Failed")
    expect(page.locator(".note")).to_contain_text("connection was lost")


def test_a_line_that_is_stopped_ends_when_the_server_says_so(page: Page, websocket: FakeWebSocket) -> None:
    speak = ask(page, websocket)
    websocket.send(audio(speak, 0, SOUND))
    expect_state(page, "Speaking")
    page.keyboard.press("Escape")
    assert websocket.receive(Cancel).id == speak.id
    expect_state(page, "Stopping")
    websocket.send(Cancelled(id=speak.id))
    expect_state(page, "Cancelled")


def test_a_line_that_is_refused_fails_with_the_reason(page: Page, websocket: FakeWebSocket) -> None:
    page.get_by_label("What to say").fill(LINE)
    page.keyboard.press("Enter")
    speak = websocket.receive(Speak)
    refused = ErrorDetail(message="Not understood.", type="x", code="invalid_request")
    websocket.send(Error(action="speak", about=speak.id, error=refused))
    expect_state(page, "Failed")
    expect(page.locator(".note")).to_have_text(re.compile("Not understood"))


def test_what_api_gateway_itself_says_ends_what_was_not_accepted(page: Page, websocket: FakeWebSocket) -> None:
    page.get_by_label("What to say").fill(LINE)
    page.keyboard.press("Enter")
    websocket.receive(Speak)
    websocket.send_text('{"message": "Internal server error", "connectionId": "x", "requestId": "y"}')
    expect_state(page, "Failed")
    expect(page.locator(".note")).to_have_text(re.compile("Internal server error"))


def test_what_came_too_late_to_be_cancelled_ends_no_other_line(page: Page, websocket: FakeWebSocket) -> None:
    page.get_by_label("What to say").fill(LINE)
    page.keyboard.press("Enter")
    speak = websocket.receive(Speak)
    late = ErrorDetail(message="Done by then.", type="x", param="id", code="not_found")
    websocket.send(Error(action="cancel", about="another", error=late))
    websocket.send(accepted(speak))
    websocket.send(audio(speak, 0, SOUND, final=True))
    websocket.send(done(speak))
    expect_state(page, "Done")
