"""What is said of a danmu: its text alone, or with whose it is, how many say the same, or thanks for a gift."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from danmu_tts.domain.room.values import Kind, RoomUtterance

_DEFAULT_LANGUAGE = "en"
_PLACE = re.compile(r"\{(name|text|gift|count|people|amount)\}")


@dataclass(frozen=True, slots=True)
class SayingRules:
    """How a room wants things said.

    Attributes:
        language: primary subtag, of thanks and counts.
        names: whether a danmu's viewer is named.
        templates: instead of the language's own; they know ``{name}``, ``{text}``, ``{gift}``, ``{count}``,
            ``{people}`` and ``{amount}``.
        nicknames: id or name of a viewer to what is said for the name.
    """

    language: str = "zh"
    names: bool = False
    templates: Mapping[Kind, str] = field(default_factory=dict)
    nicknames: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Saying:
    """What is to be said. ``start`` and ``end``: where the viewer's own words are in it."""

    text: str
    start: int
    end: int


class RoomWords:
    """The wording of every language."""

    def __init__(self, languages: Mapping[str, Mapping[str, Any]]) -> None:
        """As ``data/rooms/words.json`` has it."""
        self._languages = languages

    def say(self, utterance: RoomUtterance, rules: SayingRules) -> Saying:
        """Put it into words."""
        wording = self._languages.get(rules.language) or self._languages[_DEFAULT_LANGUAGE]
        words = utterance.words
        own = wording["membership" if utterance.kind is Kind.GUARD else "present"]
        values = {
            "name": self.name(utterance, rules),
            "text": words.text,
            "gift": words.gift or own,
            "count": str(utterance.count),
            "people": str(utterance.people),
            "amount": _amount(words.amount, wording["currencies"].get(words.currency, words.currency), rules.language),
        }
        template = rules.templates.get(utterance.kind) or wording[_wording(utterance, rules)]
        said = _filled(template, values)
        if utterance.kind is Kind.DANMU and utterance.people > 1:
            said = _around(wording["crowd"], said, values)
        return said

    def name(self, utterance: RoomUtterance, rules: SayingRules) -> str:
        """How its viewer's name is said."""
        wording = self._languages.get(rules.language) or self._languages[_DEFAULT_LANGUAGE]
        name = utterance.words.name
        nickname = rules.nicknames.get(utterance.viewer) or rules.nicknames.get(name)
        return nickname or name or str(wording["somebody"])


def _wording(utterance: RoomUtterance, rules: SayingRules) -> str:
    match utterance.kind:
        case Kind.DANMU:
            return "named" if rules.names and utterance.people == 1 else "danmu"
        case Kind.GIFT:
            return "gifts" if utterance.count > 1 else "gift"
        case Kind.SUPERCHAT:
            return "superchat" if utterance.words.text.strip() else "silent_superchat"
        case Kind.GUARD:
            return "guards" if utterance.count > 1 else "guard"
        case Kind.FOLLOW:
            return "follows" if utterance.people > 1 else "follow"


def _amount(amount: float, currency: str, language: str) -> str:
    number = f"{amount:.2f}".rstrip("0").rstrip(".")
    return f"{number} {currency}" if language == "en" else f"{number}{currency}"


def _filled(template: str, values: Mapping[str, str]) -> Saying:
    """The template with its places filled; what a viewer wrote is never looked at for more of them."""
    said, start, end, at = "", 0, 0, 0
    left = dict(values)
    for place in _PLACE.finditer(template):
        said += template[at : place.start()]
        value = left.pop(place[1], "")  # each once: a template must not make much of little
        if place[1] == "text" and value:
            start, end = len(said), len(said) + len(value)
        said += value
        at = place.end()
    return Saying(said + template[at:], start, end)


def _around(template: str, said: Saying, values: Mapping[str, str]) -> Saying:
    outer = _filled(template, {**values, "text": said.text})
    return Saying(outer.text, outer.start + said.start, outer.start + said.end)
