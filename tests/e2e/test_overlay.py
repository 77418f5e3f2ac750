"""The overlay as OBS shows it: it is heard, its captions follow, and it goes on whatever happens."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.browser import loudest, ms_until_silence
from tests.e2e.pages import Open, opening, wait_for
from tests.e2e.program import ENGLISH_ONLY, Server, environment, make_key, run_keys
from tests.e2e.room import Room
from tests.servers.process import free_port

AUDIBLE = 0.01
FIRST_VOICE_MS = 60_000
AT_ONCE_MS = 1000  # of ten seconds and more that are left
LONG = "This goes on for a while, so that there is time to take it back in the middle of it." + " And on." * 20
HOSTILE = "<img src=x onerror=alert(1)> & friends"


@pytest.fixture
def problems() -> list[str]:
    return []


@pytest.fixture
def open_page(obs: Browser, problems: list[str]) -> Iterator[Open]:
    with opening(obs, problems) as open_at:
        yield open_at


@pytest.fixture
def room(server: Server) -> Room:
    return Room(server).patient()


def test_what_is_said_is_heard_and_shown_with_the_highlight_at_what_is_heard(
    open_page: Open, room: Room, problems: list[str]
) -> None:
    page = open_page(room.overlay)
    room.send("Hello everybody, welcome back!", name="Tom")
    shown = page.locator("danmu-caption", has_text="Hello everybody")
    expect(shown).to_be_visible(timeout=FIRST_VOICE_MS)
    expect(shown).to_contain_text("Tom")
    wait_for(page, "danmuOverlay.stats().played === 1")
    assert loudest(page) > AUDIBLE
    stats = page.evaluate("danmuOverlay.stats()")
    print(f"highlight off by at most {max(stats['highlightErrorMs'], default=0):.0f} ms")
    expect(shown).not_to_be_visible()
    assert problems == []


def test_names_and_texts_stay_text(open_page: Open, room: Room, problems: list[str]) -> None:
    page = open_page(room.overlay)
    room.send(HOSTILE, name=HOSTILE, gift=HOSTILE)
    shown = page.locator("danmu-caption").first
    expect(shown).to_be_visible(timeout=FIRST_VOICE_MS)
    expect(shown).to_contain_text(HOSTILE)
    assert shown.locator("img").count() == 0
    assert problems == []


def test_a_crowd_is_counted_while_it_is_heard(open_page: Open, room: Room) -> None:
    page = open_page(room.overlay)
    room.send(LONG)
    shown = page.locator("danmu-caption").first
    expect(shown).to_be_visible(timeout=FIRST_VOICE_MS)
    for number in range(4):
        room.send(LONG, viewer=f"v{number}")
    expect(shown).to_contain_text("×5")
    room.do("skip")


def test_what_is_taken_back_while_it_plays_is_silent_at_once_and_the_next_one_speaks(
    open_page: Open, room: Room
) -> None:
    page = open_page(room.overlay)
    (long,) = room.send(LONG)
    wait_for(page, "window.loudest > 0.01")
    room.retract(long["id"])
    silent_ms = ms_until_silence(page)
    print(f"silent after {silent_ms:.0f} ms")
    assert silent_ms < AT_ONCE_MS
    expect(page.locator("danmu-caption")).to_have_count(0)
    room.send("And now this one.")
    expect(page.locator("danmu-caption", has_text="And now")).to_be_visible(timeout=FIRST_VOICE_MS)
    assert room.state()["counts"]["retracted"] == 1


def test_utterances_follow_each_other(open_page: Open, room: Room) -> None:
    page = open_page(room.overlay)
    room.send("One of them.", "And another.", "That is all.")
    wait_for(page, "danmuOverlay.stats().played === 3")
    gaps = page.evaluate("danmuOverlay.stats().gaps")
    print(f"gaps of {[round(gap) for gap in gaps]} ms")
    counts = room.state()["counts"]
    assert (counts["spoken"], counts["dropped"]) == (3, {})


def test_a_second_overlay_waits_and_takes_over_when_the_first_is_gone(open_page: Open, room: Room) -> None:
    first = open_page(room.overlay)
    expect(first.locator("#note")).to_have_text("")
    room.send("Only one of them speaks.")
    wait_for(first, "danmuOverlay.stats().played === 1")
    second = open_page(f"{room.overlay}?sound=1")
    expect(second.locator("#note")).to_have_text("Another player speaks")
    first.close()
    room.send("And now the other one.")
    wait_for(second, "danmuOverlay.stats().played === 1")
    assert room.state()["counts"]["spoken"] == 2


def test_it_goes_on_when_the_server_was_restarted(open_page: Open, tmp_path_factory: pytest.TempPathFactory) -> None:
    own = Server(tmp_path_factory.mktemp("restarted"), **ENGLISH_ONLY)
    own.port = free_port()
    own.start()
    room = Room(own).patient()
    page = open_page(room.overlay)
    room.send("Before the restart.")
    wait_for(page, "danmuOverlay.stats().played === 1")
    own.kill()
    expect(page.locator("#note")).to_have_text("Not connected, retrying")
    own.start()
    expect(page.locator("#note")).to_have_text("")
    room.send("After the restart.")
    wait_for(page, "danmuOverlay.stats().played === 2")
    own.kill()


def test_a_token_of_another_room_is_refused(open_page: Open, tmp_path_factory: pytest.TempPathFactory) -> None:
    home: Path = tmp_path_factory.mktemp("strict")
    strict = Server(home, DANMU_TTS_SECURITY__API_KEYS="on", **ENGLISH_ONLY)
    strict.start()
    key = make_key(home)
    room, other = Room(strict, key).patient(), Room(strict, key)
    tokens = [
        run_keys(home, environment(home), "room-token", each.name, "--key", key.split("_")[1]) for each in (room, other)
    ]
    expect(open_page(room.overlay).locator("#note")).to_have_text("This room asks for a token")
    expect(open_page(f"{room.overlay}?token={tokens[1]}").locator("#note")).to_have_text(
        "This token is for another room"
    )
    page = open_page(f"{room.overlay}?token={tokens[0]}")
    room.send("By the right token.")
    wait_for(page, "danmuOverlay.stats().played === 1")
    assert not re.search(re.escape(tokens[0]), page.content() + page.url)
    strict.stop()
