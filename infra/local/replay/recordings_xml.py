"""Recordings in Bilibili's XML: comments of a video, or the chat of a live stream as a recorder wrote it.

All write ``<d p="seconds,mode,size,colour,unix time,pool,viewer,row">text</d>``. Of these, recorders of live streams
add ``user`` and ``uid``, and elements of their own. What these say differs by who wrote them (read in the sources of
each, 2026-11):

================  =====================  ===========================  ======================  ====================
recorder          viewer in ``p``        ``gift price``               ``sc price``            ``guard price``
================  =====================  ===========================  ======================  ====================
BililiveRecorder  their id               not written                  yuan                    not written
blrec             hash, id as ``uid``    thousandths a gift,          thousandths             thousandths
                                         ``cointype`` 银瓜子 is free
biliLive-tools    their id               thousandths a gift           thousandths             thousandths
biliup            id, or 0               (other elements)             (other elements)        (other elements)
a video           CRC-32 of their id     none                         none                    none
================  =====================  ===========================  ======================  ====================

Thousandths are of a yuan. A superchat costs from 30 to some thousand yuan, hence from 30,000 thousandths: that tells
the two apart. Viewers' ids are 0 and their names end in ``***`` where the recorder had not logged in.

The parser is expat itself, not one that builds a tree: nothing but the element in hand is held, and it knows the line
of an error. A document type is refused where it begins, so no entity is ever declared, let alone expanded; that is
all that the package defusedxml would add.
"""

import html
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from sys import intern
from typing import Final
from xml.parsers import expat

Fields = dict[str, object]

_MOST_TEXT, _MOST_NAME = 1000, 64
_MOST_COUNT, _MOST_AMOUNT = 10_000_000, 1e9
# BililiveRecorder's file has a style sheet in it, 14 deep.
_DEEPEST = 64
_LEAST_THOUSANDTHS = 10_000.0
_GUARDS = {1: "总督", 2: "提督", 3: "舰长"}
# Drawn at a place (7), programs (8) and animations (9) of a video's comments: their text is code.
_CODE_MODES = {"7", "8", "9"}
_NO_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_CUT_SHORT: Final = {
    expat.errors.codes[message]
    for message in (
        expat.errors.XML_ERROR_NO_ELEMENTS,
        expat.errors.XML_ERROR_UNCLOSED_TOKEN,
        expat.errors.XML_ERROR_PARTIAL_CHAR,
        expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
    )
}


class BadXmlError(ValueError):
    """It is no XML, or none of a recording. The message says what and where."""


def read_xml(chunks: Iterator[str]) -> Iterator[tuple[float, Fields]]:
    """Seconds and the fields of an event, of each that is complete, in the order of the file.

    A file that ends in the middle of an element, or of a tag, is one that was cut: what is before it is read.

    Raises:
        BadXmlError: it is not well-formed before its end, declares a document type, or its root is not ``<i>``.
    """
    reading = _Reading()
    for chunk in chunks:
        reading.feed(_NO_XML.sub("", chunk))
        yield from reading.taken()
    reading.finish()
    yield from reading.taken()


@dataclass(slots=True)
class _Element:
    """An element of the root, while it is open."""

    tag: str
    attributes: Mapping[str, str]
    text: list[str] = field(default_factory=list)
    chars: int = 0

    def add(self, text: str) -> None:
        """More of the text; what nobody would read aloud is not kept."""
        if self.chars <= 2 * _MOST_TEXT:
            self.text.append(text)
            self.chars += len(text)


class _Reading:
    """One document."""

    def __init__(self) -> None:
        self._parser = expat.ParserCreate("utf-8")
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._refuse_doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._data
        self._path: list[str] = []
        self._open: _Element | None = None
        self._found: list[tuple[float, Fields]] = []
        self._escaped_twice = False

    def feed(self, text: str) -> None:
        try:
            self._parser.Parse(text, False)
        except expat.ExpatError as error:
            raise self._bad(error) from error

    def finish(self) -> None:
        try:
            self._parser.Parse("", True)
        except expat.ExpatError as error:
            if error.code not in _CUT_SHORT:
                raise self._bad(error) from error

    def taken(self) -> list[tuple[float, Fields]]:
        found, self._found = self._found, []
        return found

    @staticmethod
    def _bad(error: expat.ExpatError) -> BadXmlError:
        return BadXmlError(f"line {error.lineno}: {expat.errors.messages[error.code]}")

    def _refuse_doctype(self, *_: object) -> None:
        raise BadXmlError(f"line {self._parser.CurrentLineNumber}: it declares a document type, which no recording has")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        line = self._parser.CurrentLineNumber
        if not self._path and tag != "i":
            raise BadXmlError(f"line {line}: it begins with <{tag[:40]}>, a recording with <i>")
        if len(self._path) == _DEEPEST:
            raise BadXmlError(f"line {line}: it is nested too deep")
        self._path.append(tag)
        if len(self._path) == 2 and tag in _READERS:
            self._open = _Element(tag, attributes)

    def _data(self, text: str) -> None:
        if self._open is not None:
            self._open.add(text)
        elif self._path == ["i", "metadata", "recorder"] and text.startswith("blrec"):
            self._escaped_twice = True

    def _end(self, _: str) -> None:
        self._path.pop()
        if len(self._path) != 1 or self._open is None:
            return
        element, self._open = self._open, None
        text = "".join(element.text).strip()
        if self._escaped_twice and element.tag == "d":
            text = html.unescape(text)
        event = _READERS[element.tag](element.attributes, text)
        if event is not None:
            self._found.append(event)


def _danmu(given: Mapping[str, str], text: str) -> tuple[float, Fields] | None:
    parts = given.get("p", "").split(",")
    at_s = _seconds(parts[0])
    if at_s is None or not text or (len(parts) > 1 and parts[1] in _CODE_MODES):
        return None
    hashed = parts[6] if len(parts) > 6 else ""
    return at_s, {**_viewer(given, hashed), "text": text[:_MOST_TEXT]}


def _superchat(given: Mapping[str, str], text: str) -> tuple[float, Fields] | None:
    at_s = _seconds(given.get("ts"))
    if at_s is None:
        return None
    price = _number(given.get("price"))
    amount = price / 1000 if price >= _LEAST_THOUSANDTHS else price
    return at_s, {"kind": "superchat", **_viewer(given), "text": text[:_MOST_TEXT], "amount": _amount(amount)}


def _gift(given: Mapping[str, str], _: str) -> tuple[float, Fields] | None:
    at_s = _seconds(given.get("ts", given.get("time")))
    if at_s is None:
        return None
    count = _count(given)
    price = 0.0 if given.get("cointype") == "银瓜子" else _number(given.get("price"))
    name = given.get("giftname", "")[:_MOST_NAME]
    return at_s, {
        "kind": "gift",
        **_viewer(given),
        "gift": name,
        "count": count,
        "amount": _amount(price * count / 1000),
    }


def _guard(given: Mapping[str, str], _: str) -> tuple[float, Fields] | None:
    at_s = _seconds(given.get("ts", given.get("time")))
    if at_s is None:
        return None
    level = int(_number(given.get("level")))
    level = level if level in _GUARDS else 0
    return at_s, {
        "kind": "guard",
        **_viewer(given),
        "guard": level,
        "gift": given.get("giftname", _GUARDS.get(level, ""))[:_MOST_NAME],
        "count": _count(given),
        "amount": _amount(_number(given.get("price")) / 1000),
    }


# blrec's <toast> says once more what its <guard> says.
_READERS = {"d": _danmu, "sc": _superchat, "gift": _gift, "guard": _guard}


def _viewer(given: Mapping[str, str], hashed: str = "") -> Fields:
    """Who it was: by id; by the hash of it; by a name that is whole."""
    name = given.get("user", "")[:_MOST_NAME]
    whole = "" if name.endswith("***") else name
    viewer = next((each for each in (given.get("uid", ""), hashed, whole) if each not in ("", "0", "undefined")), "")
    fields: Fields = {"viewer": intern(viewer[:_MOST_NAME])} if viewer else {}
    return {**fields, "name": intern(name)} if name else fields


def _seconds(written: str | None) -> float | None:
    try:
        seconds = float(written or "")
    except ValueError:
        return None
    return max(seconds, 0.0) if math.isfinite(seconds) else None


def _number(written: str | None) -> float:
    """0 where nothing, or no number, is written."""
    try:
        number = float(written or 0)
    except ValueError:
        return 0.0
    return number if math.isfinite(number) and number > 0 else 0.0


def _amount(yuan: float) -> float:
    return min(round(yuan, 3), _MOST_AMOUNT)


def _count(given: Mapping[str, str]) -> int:
    written = next((given[name] for name in ("giftcount", "count", "num") if name in given), None)
    return int(min(max(_number(written), 1), _MOST_COUNT))
