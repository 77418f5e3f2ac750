"""The page at ``/`` as a person uses it: type a line, hear it, see how long it took."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.browser import loudest, ms_until_silence
from tests.e2e.pages import Open, opening
from tests.e2e.program import ENGLISH_ONLY, Server, make_key
from tests.servers.process import free_port

LINE = "Hello, chat!"  # short, for it is played as slowly as it is spoken
LONG_LINE = "This goes on for a while, so that there is time to press a button in the middle of it." + " And on." * 20
SLOW_LINE = "主播今天唱得真好听，大家都很喜欢，再来一首吧，我们还想听你唱那首老歌！" * 3
FIRST_VOICE_MS = 60_000
PLAYED_MS = 30_000
AUDIBLE = 0.01
AT_ONCE_MS = 1000  # of some ten seconds that are left


@pytest.fixture
def problems() -> list[str]:
    """What the browser found wrong, and what was asked of anybody but the server."""
    return []


@pytest.fixture
def open_page(browser: Browser, problems: list[str]) -> Iterator[Open]:
    with opening(browser, problems) as open_at:
        yield open_at


@pytest.fixture
def page(open_page: Open, server: Server, problems: list[str]) -> Iterator[Page]:
    opened = open_page(server.base_url)
    expect(opened.locator("#connection")).to_have_text("Connected")
    yield opened
    assert problems == []


@pytest.fixture
def restartable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One that comes back at the same address."""
    own = Server(tmp_path_factory.mktemp("restartable"))
    own.port = free_port()
    own.start()
    yield own
    own.kill()


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One that wants a key from everybody, this machine included."""
    strict = Server(tmp_path_factory.mktemp("strict"), DANMU_TTS_SECURITY__API_KEYS="on", **ENGLISH_ONLY)
    strict.start()
    yield strict
    assert strict.stop() == 0, strict.log


def type_line(page: Page, text: str) -> Locator:
    """Type and press Enter; the newest line of that text."""
    box = page.get_by_label("What to say")
    box.fill(text)
    box.press("Enter")
    expect(box).to_have_value("")
    return page.locator(".line", has=page.get_by_text(text, exact=True)).first


def expect_state(line: Locator, state: str, timeout_ms: int = FIRST_VOICE_MS) -> None:
    expect(line.locator(".state")).to_have_text(state, timeout=timeout_ms)


def figure(line: Locator, name: str) -> str:
    """What was measured, by its name."""
    return line.locator("dl > div", has=line.page.get_by_text(name, exact=True)).locator("dd").inner_text()


def milliseconds(shown: str) -> float:
    number, unit = shown.split()
    return float(number) * {"ms": 1, "s": 1000}[unit]


def test_a_typed_line_is_heard_and_measured(page: Page) -> None:
    line = type_line(page, LINE)
    expect_state(line, "Speaking")
    expect_state(line, "Done")
    assert loudest(page) > AUDIBLE
    accepted, first_audio, first_sound, complete = (
        milliseconds(figure(line, name)) for name in ("Accepted", "First audio", "First sound", "All audio")
    )
    assert 0 < accepted <= first_audio <= first_sound
    assert first_audio <= complete
    assert milliseconds(figure(line, "Made in")) > 0
    assert 300 < milliseconds(figure(line, "Speech")) < 5000
    assert figure(line, "Voice").startswith("piper:")
    assert re.fullmatch(r"\d+ KB, \d+ pieces?", figure(line, "Received"))


def test_it_is_seen_how_much_was_heard(page: Page) -> None:
    line = type_line(page, LONG_LINE)
    progress = line.get_by_role("progressbar")
    expect(progress).to_have_attribute("aria-valuenow", re.compile(r"^[1-9]\d$"), timeout=FIRST_VOICE_MS)
    expect(line.locator(".clock")).to_have_text(re.compile(r"^\d+\.\d s of \d+\.\d s"))
    line.get_by_role("button", name="Stop").click()
    line = type_line(page, LINE)
    expect_state(line, "Done")
    expect(line.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "100")


@pytest.mark.parametrize("by", ["button", "key"])
def test_a_line_that_is_stopped_is_silent_at_once_and_the_next_one_speaks(page: Page, by: str) -> None:
    line = type_line(page, LONG_LINE)
    expect_state(line, "Speaking")
    if by == "key":
        page.keyboard.press("Escape")
    else:
        line.get_by_role("button", name="Stop").click()
    assert ms_until_silence(page) < AT_ONCE_MS
    expect_state(line, "Cancelled")
    expect_state(type_line(page, LINE), "Done")


def test_lines_are_spoken_in_the_order_in_which_they_were_typed(page: Page) -> None:
    one, two, three = (type_line(page, f"{number}! {LINE}") for number in ("One", "Two", "Three"))
    expect_state(two, "Speaking")
    expect_state(one, "Done")
    expect(three.locator(".state")).to_have_text(re.compile("Waiting|Being made"))
    expect_state(three, "Speaking")
    expect_state(two, "Done")
    expect_state(three, "Done")


def test_a_line_that_is_spoken_again_comes_from_the_cache(page: Page) -> None:
    line = type_line(page, f"{LINE} Again.")
    expect_state(line, "Done")
    assert figure(line, "Came from") == "made now"
    line.get_by_role("button", name="Again").click()
    expect(page.locator(".line")).to_have_count(2)
    expect_state(line, "Done")
    assert figure(line, "Came from").startswith("cache")


def test_the_chosen_voice_speaks_at_the_chosen_speed(page: Page) -> None:
    line = type_line(page, LONG_LINE[:31])
    expect_state(line, "Done")
    plain_ms = milliseconds(figure(line, "Speech"))
    voice = page.locator("#voice optgroup[label=English] option").first.get_attribute("value")
    page.get_by_label("Voice").select_option(voice)
    page.get_by_label("Speed").fill("2")
    line = type_line(page, LONG_LINE[:31])
    expect_state(line, "Done")
    assert figure(line, "Voice") == voice
    assert 0.35 < milliseconds(figure(line, "Speech")) / plain_ms < 0.7


def test_a_sample_is_spoken_with_one_click(page: Page) -> None:
    page.get_by_role("button", name="哈哈哈哈").click()
    line = page.locator(".line").first
    expect_state(line, "Done")
    assert loudest(page) > AUDIBLE
    assert figure(line, "Voice").startswith("kokoro:zh")


def test_what_cannot_be_said_fails_with_its_reason(page: Page) -> None:
    line = type_line(page, "……！！")
    expect_state(line, "Failed")
    expect(line.locator(".note")).to_be_visible()
    expect_state(type_line(page, LINE), "Done")


def test_a_text_is_shown_as_it_was_typed(page: Page) -> None:
    text = '<img src=x onerror="alert(1)"><b>hello there</b>'
    line = type_line(page, text)
    expect(line.locator(".text")).to_have_text(text)
    page.keyboard.press("Escape")
    expect(line.get_by_role("button", name="Again")).to_be_visible()


def test_a_text_that_is_too_long_is_not_sent(page: Page) -> None:
    box, speak = page.get_by_label("What to say"), page.get_by_role("button", name="Speak", exact=True)
    box.fill("长" * 1000)
    expect(page.locator("#counter")).to_have_text("1000 of 1000 characters")
    expect(speak).to_be_enabled()
    box.fill("长" * 1001)
    expect(page.locator("#counter")).to_contain_text("too long")
    expect(speak).to_be_disabled()
    box.press("Enter")
    expect(page.locator(".line")).to_have_count(0)


def test_enter_that_ends_the_input_method_s_word_speaks_nothing(page: Page) -> None:
    box = page.get_by_label("What to say")
    box.fill("ni hao")
    box.dispatch_event("keydown", {"key": "Enter", "isComposing": True})
    expect(box).to_have_value("ni hao")
    expect(page.locator(".line")).to_have_count(0)


def test_a_page_that_is_opened_again_works(page: Page) -> None:
    page.reload()  # every part comes as a 304
    expect(page.locator("#connection")).to_have_text("Connected")
    expect_state(type_line(page, LINE), "Done")


def test_a_server_that_was_restarted_speaks_again_without_a_reload(open_page: Open, restartable: Server) -> None:
    page = open_page(restartable.base_url)
    expect_state(type_line(page, LINE), "Done")
    restartable.stop()
    expect(page.locator("#connection")).to_contain_text("Not connected")
    waiting = type_line(page, f"{LINE} You are back!")
    expect_state(waiting, "Waiting")
    restartable.start()
    expect(page.locator("#connection")).to_have_text("Connected")
    expect_state(waiting, "Done")


def test_what_nobody_heard_before_the_restart_is_spoken_anew(open_page: Open, restartable: Server) -> None:
    page = open_page(restartable.base_url)
    line = type_line(page, SLOW_LINE)
    expect(line.get_by_text("Accepted", exact=True)).to_be_visible()
    restartable.kill()
    expect(page.locator("#connection")).to_contain_text("Not connected")
    assert loudest(page) < AUDIBLE
    restartable.start()
    expect_state(line, "Speaking")
    assert page.locator(".line").count() == 1


def test_whoever_needs_a_key_is_asked_for_it(open_page: Open, strict: Server) -> None:
    page = open_page(strict.base_url)
    field = page.get_by_label("This server asks for an API key")
    connect = page.get_by_role("button", name="Connect")
    for wrong, said in (("with spaces", "A key looks like"), ("danmu_wrong_key", "does not know this key")):
        field.fill(wrong)
        connect.click()
        expect(page.get_by_role("alert")).to_contain_text(said)
    field.fill(make_key(strict.home, "--scope", "speak"))
    connect.click()
    expect(page.locator("#connection")).to_have_text("Connected")
    expect(field).to_be_hidden()
    expect_state(type_line(page, LINE), "Done")
    page.reload()
    expect(page.locator("#connection")).to_have_text("Connected")


def test_a_key_in_the_address_is_used_and_leaves_it(open_page: Open, strict: Server, problems: list[str]) -> None:
    key = make_key(strict.home, "--scope", "speak")
    page = open_page(f"{strict.base_url}/#key={key}")
    expect(page.locator("#connection")).to_have_text("Connected")
    assert page.url == f"{strict.base_url}/"
    assert not [problem for problem in problems if "http" not in problem]


def test_a_word_without_end_does_not_widen_the_page(page: Page) -> None:
    page.get_by_label("What to say").fill("https://example.com/" + "x" * 500)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_it_fits_a_phone(open_page: Open, server: Server, tmp_path: Path) -> None:
    page = open_page(server.base_url)
    page.set_viewport_size({"width": 360, "height": 740})
    expect_state(type_line(page, LONG_LINE), "Speaking")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.keyboard.press("Escape")
