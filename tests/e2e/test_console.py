"""The console as a streamer uses it: what waits, what was let go and why, and steering by mouse and by keys."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.pages import Open, opening
from tests.e2e.program import Server
from tests.e2e.room import Room

HOSTILE = "<img src=x onerror=alert(1)> & friends"


@pytest.fixture
def problems() -> list[str]:
    return []


@pytest.fixture
def open_page(browser: Browser, problems: list[str]) -> Iterator[Open]:
    with opening(browser, problems, locale="en-US", viewport={"width": 1280, "height": 1000}) as open_at:
        yield open_at


@pytest.fixture
def room(server: Server) -> Room:
    return Room(server).patient()


@pytest.fixture
def page(open_page: Open, room: Room, problems: list[str]) -> Iterator[Page]:
    opened = open_page(room.console)
    expect(opened.get_by_text("Nobody plays this room")).to_be_visible()
    yield opened
    assert problems == []


def test_what_waits_is_seen_with_what_it_is_worth_and_can_be_taken_back(page: Page, room: Room) -> None:
    room.send("Good evening everybody", name="Tom")
    room.send("Happy birthday", name="Ann", kind="superchat", amount=30)
    rows = page.locator("#queue").get_by_role("row")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("Happy birthday")
    expect(rows.first).to_contain_text("Ann")
    rows.last.get_by_role("button", name=re.compile("Retract")).click()
    expect(rows).to_have_count(1)
    assert room.state()["counts"]["retracted"] == 1


def test_what_was_let_go_is_shown_with_its_words_and_the_reason(page: Page, room: Room) -> None:
    room.send("？？？")
    log = page.locator("#log")
    expect(log).to_contain_text("？？？")
    expect(log).to_contain_text("nothing to say in it")


def test_names_and_texts_stay_text(page: Page, room: Room) -> None:
    room.send(HOSTILE, name=HOSTILE)
    row = page.locator("#queue").get_by_role("row").first
    expect(row).to_contain_text(HOSTILE)
    assert page.locator("main img").count() == 0


def test_it_is_steered_by_keys(page: Page, room: Room) -> None:
    page.keyboard.press("p")
    expect(page.get_by_role("button", name=re.compile("Resume"))).to_be_visible()
    assert room.state()["paused"]
    page.keyboard.press("p")
    expect(page.get_by_role("button", name=re.compile("Pause"))).to_be_visible()
    room.send("One of them", "And another")
    expect(page.locator("#queue").get_by_role("row")).to_have_count(2)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Delete")
    expect(page.locator("#queue").get_by_role("row")).to_have_count(1)


def test_a_viewer_who_is_blocked_is_heard_no_more(page: Page, room: Room) -> None:
    room.send("I am a nuisance", viewer="bad", name="Bad")
    page.locator("#queue").get_by_role("row").first.get_by_role("button", name=re.compile("Block")).click()
    expect(page.locator("#queue").get_by_role("row")).to_have_count(0)
    assert room.state()["settings"]["blocked_viewers"] == ["bad"]
    (outcome,) = room.send("Still here", viewer="bad")
    assert outcome["reason"] == "blocked_viewer"


def test_it_speaks_chinese_and_remembers_that(page: Page, room: Room) -> None:
    page.get_by_role("button", name="中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    page.reload()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
