import math
import re
from xml.dom import minidom

import pytest
from hypothesis import given
from hypothesis import strategies as st

from danmu_tts.adapters.backends.ssml import azure_ssml, percent, pitch_hz, rate, xml_text
from danmu_tts.domain.speech import Utterance
from danmu_tts.domain.voices import Voice
from tests.fakes.ssml import AZURE_ELEMENTS, Document, rate_to_tempo, read_ssml

VOICE = Voice("azure:zh-CN-XiaoxiaoNeural", "zh-CN", "female", styles=("cheerful",))
HOSTILE = [
    "1 < 2 & 3 > 2",
    "]]>",
    "<![CDATA[x]]>",
    "&lt;&amp;&#0;&#x1F;",
    '</speak><voice name="x">',
    "</prosody></voice></speak><speak>free</speak>",
    "<break time='10s'/>",
    '<audio src="https://example.org/a.mp3"/>',
    "<!-- --><?xml version='1.0'?><!DOCTYPE x [<!ENTITY a 'b'>]>&a;",
    "\"'`",
    "😂👨‍👩‍👧🇨🇳",
    "𠮷野家",
    "\u202e\u200b\ufeff",
    "\u0085\u2028\u2029\x7f",
]
XML_CHARS = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")


def written(text: str = "你好", tempo: float = 1.0, pitch: float = 0.0, volume: float = 1.0, style: str = "") -> str:
    return azure_ssml(Utterance(text, VOICE, tempo, pitch_semitones=pitch, volume=volume, style=style or None))


def text_in(document: str) -> str:
    """All that an independent parser takes for text; fails where there is any element but the usual two."""
    root = minidom.parseString(document).documentElement  # noqa: S318 - it is what we wrote a moment ago
    assert root is not None
    assert [each.tagName for each in root.getElementsByTagName("*")] == ["voice"]
    (voice,) = root.childNodes
    assert all(child.nodeType == child.TEXT_NODE for child in voice.childNodes)
    return "".join(child.nodeValue or "" for child in voice.childNodes)


def read(document: str) -> Document:
    return read_ssml(document, AZURE_ELEMENTS)


def one_line_ends(text: str) -> str:
    """Line ends as every XML parser must report them (XML 1.0, section 2.11)."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(text: str) -> None:
    assert text_in(written(text)) == text


@given(st.text(XML_CHARS, min_size=1))
def test_any_text_that_xml_can_hold_arrives_unchanged(text: str) -> None:
    assert text_in(written(text)) == text


@given(st.text(st.characters(codec=None)))
def test_any_text_at_all_makes_a_document_with_one_voice(text: str) -> None:
    document = written(text)
    document.encode("utf-8")
    assert text_in(document) == one_line_ends(xml_text(text))
    assert len(xml_text(text)) == len(text)


@pytest.mark.parametrize("char", ["\0", "\x07", "\x1b", "\x0b", "\ud800", "\ufffe", "\uffff"])
def test_what_no_document_can_hold_becomes_a_space(char: str) -> None:
    assert xml_text(f"你{char}好") == "你 好"
    assert text_in(written(f"你{char}好")) == "你 好"


@pytest.mark.parametrize("char", ["\t", "\n", " ", "\ud7ff", "\ue000", "\ufffd", "\U00010000", "\U0010ffff"])
def test_what_a_document_can_hold_stays(char: str) -> None:
    assert xml_text(f"你{char}好") == f"你{char}好"


def test_plain_speech_names_voice_and_language_and_nothing_else() -> None:
    document = written("你好")
    assert read(document) == Document("你好", "zh-CN-XiaoxiaoNeural", rate="", pitch="", volume="", style="")
    assert 'xml:lang="zh-CN"' in document
    assert "prosody" not in document
    assert "express-as" not in document


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (written(tempo=1.25), ("+25%", "", "")),
        (written(tempo=0.8), ("-20%", "", "")),
        (written(pitch=3), ("", "+3.00st", "")),
        (written(pitch=-12), ("", "-12.00st", "")),
        (written(pitch=0.125), ("", "+0.12st", "")),
        (written(volume=0.5), ("", "", "-50%")),
        (written(volume=2), ("", "", "+100%")),
        (written(volume=0), ("", "", "-100%")),
        (written(tempo=2, pitch=-1, volume=1.1), ("+100%", "-1.00st", "+10%")),
    ],
)
def test_prosody_is_said_where_it_is_not_the_voices_own(document: str, expected: tuple[str, str, str]) -> None:
    found = read(document)
    assert (found.rate, found.pitch, found.volume) == expected
    assert found.text == "你好"


def test_style_goes_around_prosody() -> None:
    document = written(style="cheerful", tempo=1.5)
    assert read(document) == Document("你好", "zh-CN-XiaoxiaoNeural", "+50%", "", "", "cheerful")
    assert re.search("<mstts:express-as[^>]*><prosody[^>]*>你好</prosody></mstts:express-as>", document)


@given(st.text(XML_CHARS, min_size=1))
def test_a_style_and_a_voice_are_attributes_whatever_they_are(name: str) -> None:
    voice = Voice(f"azure:{name}", "zh-CN")
    root = minidom.parseString(azure_ssml(Utterance("hi", voice, style=name))).documentElement  # noqa: S318 - as above
    assert root is not None
    (element,) = root.getElementsByTagName("voice")
    assert element.getAttribute("name") == name
    (expression,) = root.getElementsByTagName("mstts:express-as")
    assert expression.getAttribute("style") == name


@pytest.mark.parametrize(
    ("tempo", "said"),
    [
        (1, "+0%"),
        (1.25, "+25%"),
        (0.75, "-25%"),
        (2, "+100%"),
        (0.5, "-50%"),
        (4, "+100%"),
        (0.25, "-50%"),
        (8, "+100%"),
    ],
)
def test_rate_is_a_change_in_percent_between_half_and_twice(tempo: float, said: str) -> None:
    assert rate(tempo) == said


@given(st.floats(0.01, 100))
def test_a_service_speaks_at_the_tempo_that_was_asked_for_as_far_as_it_can(tempo: float) -> None:
    assert rate_to_tempo(rate(tempo)) == pytest.approx(min(max(tempo, 0.5), 2), abs=0.0051)


@pytest.mark.parametrize(("factor", "said"), [(0, "-100%"), (0.333, "-67%"), (1, "+0%"), (1.006, "+1%"), (2, "+100%")])
def test_a_factor_as_a_change(factor: float, said: str) -> None:
    assert percent(factor) == said


@pytest.mark.parametrize(
    ("gender", "semitones", "said"),
    [
        ("female", 0, "+0Hz"),
        ("female", 12, "+210Hz"),
        ("female", -12, "-105Hz"),
        ("male", 12, "+120Hz"),
        ("male", -12, "-60Hz"),
        ("neutral", 12, "+210Hz"),
    ],
)
def test_pitch_in_hertz_is_counted_from_the_usual_pitch_of_the_gender(gender: str, semitones: float, said: str) -> None:
    assert pitch_hz(Voice("edge:x", "zh-CN", gender), semitones) == said


@given(st.floats(-12, 12), st.sampled_from(["male", "female"]))
def test_a_voice_is_never_shifted_below_half_its_pitch(semitones: float, gender: str) -> None:
    usual_hz = {"male": 120, "female": 210}[gender]
    shifted_hz = usual_hz + int(pitch_hz(Voice("edge:x", "zh-CN", gender), semitones).removesuffix("Hz"))
    assert 12 * math.log2(shifted_hz / usual_hz) == pytest.approx(semitones, abs=0.15)
