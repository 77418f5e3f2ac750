"""A text is only ever read aloud: nothing in it is a command, and nothing unpronounceable reaches a voice."""

import httpx
import pytest

from tests.e2e.wire_errors import assert_error

pytestmark = pytest.mark.usefixtures("clean_log", "still_serving")


def speak(client: httpx.Client, text: str) -> httpx.Response:
    response = client.post("/v1/audio/speech", json={"model": "auto", "voice": "alloy", "input": text})
    assert response.status_code == 200, response.text
    return response


def duration_ms(response: httpx.Response) -> float:
    return float(response.headers["x-audio-duration-ms"])


@pytest.mark.parametrize(
    ("dirty", "clean"),
    {
        "NUL": ("hel\x00lo \x00quiet friend", "hello quiet friend"),
        "controls": ("hello\x07 \x1b\x08calm friend\x7f", "hello calm friend"),
        "right-to-left marks": ("\u202ehello\u202c \u200fbrave\u2066 friend", "hello brave friend"),
        "zero-width": ("hel\u200blo\ufeff \u2060tall friend", "hello tall friend"),
        "spaces": ("  hello\t\u3000happy\u00a0 friend ", "hello happy friend"),
    }.values(),
)
def test_what_cannot_be_pronounced_changes_nothing(client: httpx.Client, dirty: str, clean: str) -> None:
    plain = speak(client, clean)
    assert plain.headers["x-cache"] == "miss"
    marked = speak(client, dirty)
    assert marked.headers["x-cache"] == "memory"
    assert marked.content == plain.content


@pytest.mark.parametrize("text", ["\U000303c9", "\u9fff", "\u0663", "\u096b", "\u2463", "\u5350"])
@pytest.mark.parametrize("language", [None, "zh", "en"])
def test_a_character_that_no_voice_knows_is_no_fault_of_the_server(
    client: httpx.Client, text: str, language: str | None
) -> None:
    response = client.post("/v1/speech", json={"text": text} | ({"language": language} if language else {}))
    if response.status_code != 200:
        assert_error(response, 400, "invalid_request", "text")


def test_a_long_run_of_digits_is_spoken(client: httpx.Client) -> None:
    for digits in ("6" * 30, "2" + "3" * 40):
        assert duration_ms(speak(client, digits)) > 1000
    assert duration_ms(speak(client, "主播" + "1234567890" * 2)) > 2 * duration_ms(speak(client, "主播"))


def test_a_surrogate_pair_is_one_character(client: httpx.Client) -> None:
    body = b'{"model": "auto", "input": "hi \\ud83d\\ude02 there"}'
    response = client.post("/v1/audio/speech", content=body, headers={"content-type": "application/json"})
    assert response.status_code == 200


def test_markup_is_text(client: httpx.Client) -> None:
    alone_ms = duration_ms(speak(client, "hello"))
    # As SSML it would be ten seconds of silence and one word.
    assert alone_ms < duration_ms(speak(client, '<break time="10s"/>hello')) < 8000
    # As SSML the tags would be silent.
    assert duration_ms(speak(client, "<speak>hello</speak>")) > 1.5 * alone_ms
    assert duration_ms(speak(client, "<voice name='nobody'>hello</voice>")) > 2 * alone_ms


def test_phoneme_brackets_are_text(client: httpx.Client) -> None:
    # As phonemes it would be the one word.
    assert duration_ms(speak(client, "[[h@loU]]")) > 1.5 * duration_ms(speak(client, "hello"))
    assert duration_ms(speak(client, "[[[[h@loU]]]]")) > 1.5 * duration_ms(speak(client, "hello"))


def test_an_ampersand_is_read(client: httpx.Client) -> None:
    assert duration_ms(speak(client, "fish & chips")) > duration_ms(speak(client, "fish chips"))
    assert duration_ms(speak(client, "fish &amp; &#0; &nosuch; chips")) > duration_ms(speak(client, "fish chips"))
