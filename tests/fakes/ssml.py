"""Read SSML as Microsoft's services do: what would be said, and how."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree as ET

_SPEAK = "{http://www.w3.org/2001/10/synthesis}"
# Microsoft's pages have it with http and with https, and both work.
_MSTTS = ("{http://www.w3.org/2001/mstts}", "{https://www.w3.org/2001/mstts}")
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_LONG_VOICE_NAME = re.compile(r"Microsoft Server Speech Text to Speech Voice \((?P<locale>.+), (?P<name>.+)\)")
_NAMED_RATES = {"x-slow": 0.5, "slow": 0.64, "medium": 1.0, "default": 1.0, "fast": 1.55, "x-fast": 2.0}
_RATE = re.compile(r"(?P<sign>[+-]?)(?P<number>\d+(\.\d+)?)(?P<percent>%?)")

EDGE_ELEMENTS = frozenset({"speak", "voice", "prosody"})
"""All that the read-aloud service takes."""
AZURE_ELEMENTS = EDGE_ELEMENTS | {"express-as", "lang"}
"""Fewer than Azure takes: a pause or a sound in a chat line's document came from the chat line."""


class BadSSMLError(ValueError):
    """No document that the service would speak."""


@dataclass(frozen=True)
class Document:
    """What the one voice of the document says."""

    text: str
    voice: str
    rate: str
    pitch: str
    volume: str
    style: str

    @property
    def tempo(self) -> float:
        """1 is the voice's own. Raises BadSSMLError for a rate that is none."""
        return rate_to_tempo(self.rate)


def read_ssml(document: str, elements: frozenset[str]) -> Document:
    """Raises BadSSMLError unless it is well-formed, has one voice and nothing but ``elements``."""
    if "<!DOCTYPE" in document:
        raise BadSSMLError("A document type declaration is not allowed.")
    try:
        root = ET.fromstring(document)  # noqa: S314 - entities cannot be declared without a document type
    except ET.ParseError as error:
        raise BadSSMLError(f"XML parser error: {error}") from error
    names = [_local_name(element) for element in root.iter()]
    if unexpected := set(names) - elements:
        raise BadSSMLError(f"Unexpected element: {', '.join(sorted(unexpected))}.")
    if names[0] != "speak" or not root.get(_LANG) or not root.get("version"):
        raise BadSSMLError("The root must be <speak> with version and xml:lang.")
    if names.count("voice") != 1 or names.count("speak") != 1 or names[1] != "voice" or _has_text_outside(root):
        raise BadSSMLError("Exactly one <voice> must hold all the text.")
    return _read_voice(root[0])


def rate_to_tempo(rate: str) -> float:
    """``+20%`` and ``1.2`` are 1.2; none is 1. Raises BadSSMLError."""
    if not rate:
        return 1.0
    if rate in _NAMED_RATES:
        return _NAMED_RATES[rate]
    match = _RATE.fullmatch(rate)
    if not match:
        raise BadSSMLError(f"Invalid rate: {rate}.")
    number = float(match["number"])
    if match["percent"]:
        # Without a sign it is a change all the same.
        number = 1 + (-number if match["sign"] == "-" else number) / 100
    if not 0 < number <= 10:
        raise BadSSMLError(f"Invalid rate: {rate}.")
    # The service speaks at half to twice the voice's own tempo.
    return min(max(number, 0.5), 2.0)


def short_voice_name(name: str) -> str:
    """``Microsoft Server Speech Text to Speech Voice (zh-CN, XiaoxiaoNeural)`` is ``zh-CN-XiaoxiaoNeural``."""
    match = _LONG_VOICE_NAME.fullmatch(name)
    return f"{match['locale']}-{match['name']}" if match else name


def _read_voice(voice: ET.Element) -> Document:
    def attribute(element: str, name: str) -> str:
        found = (each.get(name) for each in voice.iter() if _local_name(each) == element)
        return next((value for value in found if value), "")

    if not voice.get("name"):
        raise BadSSMLError("<voice> needs a name.")
    document = Document(
        text="".join(voice.itertext()).strip(),
        voice=short_voice_name(voice.get("name", "")),
        rate=attribute("prosody", "rate"),
        pitch=attribute("prosody", "pitch"),
        volume=attribute("prosody", "volume"),
        style=attribute("express-as", "style"),
    )
    rate_to_tempo(document.rate)
    return document


def _local_name(element: ET.Element) -> str:
    """The name where it is in its right namespace; else with the namespace that it has, which nobody expects."""
    tag = str(element.tag)
    for namespace in _MSTTS:
        if tag == f"{namespace}express-as":
            return "express-as"
    name = tag.removeprefix(_SPEAK)
    return name if name != "express-as" else f"unqualified {name}"


def _has_text_outside(root: ET.Element) -> bool:
    def outside() -> Iterator[str | None]:
        yield root.text
        yield from (child.tail for child in root)

    return any(text and text.strip() for text in outside())
