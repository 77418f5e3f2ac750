"""Reading a platform's JSON by names: what is needed or an error, what is not needed or nothing."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final, Self

from danmu_tts.domain.errors import InvalidRequestError
from speech_contract.events import EVENT_ID

MOST_NAME: Final = 64
MOST_TEXT: Final = 1000
LAST_SECOND: Final = 100_000_000_000
_LARGEST_ID: Final = 1 << 64
_EVENT_ID: Final = re.compile(EVENT_ID)
_PICTURE_URL: Final = re.compile(r"https://[!#-&(-;=?-\[\]-~]{1,490}")


class Part:
    """An object of a message.

    Attributes:
        where: its path in the message, for errors; empty for the message itself.
    """

    def __init__(self, given: Mapping[str, object], where: str = "") -> None:
        self._given = given
        self.where = where

    def has(self, name: str) -> bool:
        """Whether there is anything of that name but ``null``."""
        return self._given.get(name) is not None

    def need(self, name: str) -> Self:
        """An object; InvalidRequestError without it."""
        value = self._given.get(name)
        if not isinstance(value, Mapping):
            raise self.wrong(name, "an object")
        return type(self)(value, self._path(name))

    def part(self, name: str) -> Self:
        """An object; an empty one without it."""
        value = self._given.get(name)
        return type(self)(value if isinstance(value, Mapping) else {}, self._path(name))

    def parts(self, name: str) -> Iterator[Self]:
        """The objects of a list."""
        value = self._given.get(name)
        for each in value if isinstance(value, list) else ():
            if isinstance(each, Mapping):
                yield type(self)(each, self._path(name))

    def need_text(self, name: str, most: int = MOST_TEXT) -> str:
        """A text, which may be empty; InvalidRequestError without it."""
        if not isinstance(self._given.get(name), str):
            raise self.wrong(name, "a string")
        return self.text(name, most)

    def text(self, name: str, most: int = MOST_NAME) -> str:
        """A text of at most so many characters; an empty one without it."""
        value = self._given.get(name)
        return _whole(value)[:most] if isinstance(value, str) else ""

    def need_id(self, name: str) -> str:
        """The id of an event, of a viewer or of a combo, as it goes into an event; InvalidRequestError without it."""
        identity = event_id(self._given.get(name))
        if identity is None:
            raise self.wrong(name, "a string or a number")
        return identity

    def need_ids(self, name: str) -> tuple[str, ...]:
        """A list of ids; InvalidRequestError unless all are."""
        value = self._given.get(name)
        found = [event_id(each) for each in value] if isinstance(value, list) else []
        ids = tuple(each for each in found if each is not None)
        if not ids or len(ids) != len(found):
            raise self.wrong(name, "a list of strings or numbers")
        return ids

    def id(self, name: str) -> str | None:
        """An id, where there is one."""
        return event_id(self._given.get(name))

    def need_number(self, name: str, most: float) -> float:
        """From 0 to ``most``; InvalidRequestError without it."""
        number = self.number(name, most)
        if number is None:
            raise self.wrong(name, "a number of 0 or more")
        return number

    def number(self, name: str, most: float) -> float | None:
        """At most ``most``, where there is a number that is not negative."""
        value = self._given.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
            return None
        return float(min(value, most))

    def integer(self, name: str, most: int, otherwise: int = 0) -> int:
        """At most ``most``; ``otherwise`` where there is none that is not negative."""
        number = self.number(name, most)
        return otherwise if number is None else int(number)

    def flag(self, name: str) -> bool:
        """True, or 1."""
        value = self._given.get(name)
        return value is True or (isinstance(value, int) and value == 1)

    def picture(self, name: str) -> str | None:
        """The URL of a picture, by https."""
        value = self._given.get(name)
        return picture_url(value) if isinstance(value, str) else None

    def wrong(self, name: str, kind: str) -> InvalidRequestError:
        """That ``name`` ought to be something else."""
        path = self._path(name)
        return InvalidRequestError(f"`{path}` must be {kind}.", param=path)

    def _path(self, name: str) -> str:
        return f"{self.where}.{name}" if self.where else name


def event_id(given: object) -> str | None:
    """An id as it goes into an event, the same for the same id every time; None where it is none."""
    if isinstance(given, int) and not isinstance(given, bool):
        return str(given) if abs(given) < _LARGEST_ID else None
    if not isinstance(given, str) or not given:
        return None
    if _EVENT_ID.fullmatch(given) and _whole(given) == given:
        return given
    return hashlib.sha256(given.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def picture_url(given: str) -> str | None:
    """By https, which Bilibili's and Twitch's pictures are all there by; None where it is no URL."""
    secure = re.sub(r"\A(http:)?//", "https://", given)
    return secure if _PICTURE_URL.fullmatch(secure) else None


def unix_seconds(written: str) -> float | None:
    """Of an RFC 3339 time; None where it is none, or has no offset from UTC."""
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    seconds = moment.timestamp()
    return seconds if 0 <= seconds <= LAST_SECOND else None


def _whole(text: str) -> str:
    """Halves of characters become U+FFFD: no JSON and no UTF-8 can carry them on."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
