"""How the fakes read SSML."""

import pytest

from tests.fakes.ssml import AZURE_ELEMENTS, EDGE_ELEMENTS, BadSSMLError, rate_to_tempo, read_ssml, short_voice_name

SPEAK = "<speak version='1.0' xml:lang='en-US' xmlns='http://www.w3.org/2001/10/synthesis'>"


def document(inside: str) -> str:
    return f"{SPEAK}{inside}</speak>"


def test_reads_the_text_and_not_the_layout() -> None:
    read = read_ssml(
        document("\n <voice name='a'>\n <prosody rate='1.5'>a &lt; 你好</prosody>\n </voice> "), EDGE_ELEMENTS
    )
    assert (read.text, read.voice, read.rate, read.tempo) == ("a < 你好", "a", "1.5", 1.5)


def test_without_prosody_nothing_is_said_of_it() -> None:
    read = read_ssml(document("<voice name='a'>x</voice>"), EDGE_ELEMENTS)
    assert (read.rate, read.pitch, read.volume, read.style, read.tempo) == ("", "", "", "", 1.0)


@pytest.mark.parametrize(
    "inside",
    [
        "",
        "x",
        "<voice>x</voice>",
        "<prosody><voice name='a'>x</voice></prosody>",
        "<voice name='a'>x</voice><voice name='b'>y</voice>",
        "<voice name='a'><voice name='b'>y</voice></voice>",
        "<voice name='a'>x<audio src='http://example.org'/></voice>",
        "<voice name='a' xmlns='http://example.org'>x</voice>",
        "<voice name='a'><express-as style='sad'>x</express-as></voice>",
        "<voice name='a'>x</voice>y",
    ],
)
def test_refuses(inside: str) -> None:
    with pytest.raises(BadSSMLError):
        read_ssml(document(inside), AZURE_ELEMENTS)


def test_a_document_cannot_declare_entities() -> None:
    declared = "<!DOCTYPE speak [<!ENTITY x 'lol'>]>" + document("<voice name='a'>&x;</voice>")
    with pytest.raises(BadSSMLError):
        read_ssml(declared, AZURE_ELEMENTS)


@pytest.mark.parametrize(
    ("rate", "tempo"),
    [("", 1), ("+20%", 1.2), ("20%", 1.2), ("-25%", 0.75), ("1.2", 1.2), ("fast", 1.55), ("+300%", 2), ("0.1", 0.5)],
)
def test_a_rate_is_a_tempo_of_a_half_to_two(rate: str, tempo: float) -> None:
    assert rate_to_tempo(rate) == pytest.approx(tempo)


@pytest.mark.parametrize("rate", ["quick", "%", "-100%", "1,5", "1.2x"])
def test_refuses_a_rate_that_is_none(rate: str) -> None:
    with pytest.raises(BadSSMLError):
        rate_to_tempo(rate)


def test_voices_have_short_names() -> None:
    assert short_voice_name("Microsoft Server Speech Text to Speech Voice (zh-CN, YunxiNeural)") == "zh-CN-YunxiNeural"
    assert short_voice_name("zh-CN-YunxiNeural") == "zh-CN-YunxiNeural"
