"""What somebody did in a room, as the policy takes it: read, filtered, with whoever will say it and how long it is."""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from danmu_tts.domain.room.values import Danmu, Kind, Rank, Reason, RoomUtterance, Words, tag
from danmu_tts.domain.room.worth import choose_voice
from danmu_tts.domain.voices import primary_subtag
from danmu_tts.services.rooms.rules import saying_rules
from danmu_tts.text.room_words import RoomWords
from danmu_tts.text.scripts import syllable_weights
from danmu_tts.text.terms import Action
from speech_contract.events import Event
from speech_contract.rooms import RoomSettings

if TYPE_CHECKING:
    from danmu_tts.text.reading import Reader, Reading


class EventReader:
    """Reads one room's events by its settings."""

    def __init__(
        self,
        reader: "Reader",
        settings: RoomSettings,
        words: RoomWords,
        languages: Mapping[str, str],
        new_id: Callable[[], str],
    ) -> None:
        """``languages``: voice id to the primary subtag of the language that it speaks."""
        self._reader = reader
        self._settings = settings
        self._words = words
        self._saying = saying_rules(settings)
        self._languages = languages
        self._new_id = new_id
        self._is_reworded = settings.names or Kind.DANMU in self._saying.templates
        self._blocked = [folded for word in settings.blocked_words if (folded := _folded(word))]

    def read(self, event: Event) -> Danmu:
        """Read one: anything that somebody may have written."""
        reading = self._reader.read(event.text)
        kind = Kind(event.kind.value)
        language = reading.language if kind is Kind.DANMU else self._settings.language
        viewer = event.viewer or (tag(event.name) if event.name else "")
        words = Words(
            self._clean(event.name),
            event.text,
            reading.shown if reading.shown != event.text else "",
            language,
            self._clean(event.gift),
            event.amount,
            event.currency,
            event.emotes,
            event.picture,
            self._clean(event.reply_to),
        )
        danmu = Danmu(
            event.id or self._new_id(),
            kind,
            viewer,
            words,
            self._key(event, viewer, kind, reading),
            _weight(reading.spoken),
            self._voice(viewer, language),
            event.count if kind in (Kind.GIFT, Kind.GUARD) else 1,
            event.medal,
            event.guard,
            event.amount > 0,
            event.combo.timeout_ms if event.combo else 0,
            None if event.sent_at is None else round(event.sent_at * 1000),
            self._refusal(event, kind, reading),
        )
        if danmu.refused or (kind is Kind.DANMU and not self._is_reworded):
            return danmu
        said = self._words.say(_alone(danmu), self._saying).text
        return replace(danmu, weight=_weight(self._reader.read(said).spoken))

    def _clean(self, name: str) -> str:
        """A name of somebody or something, unless others should not see it."""
        if not name or (self._reader.read(name).verdict.action is Action.ALLOW and not self._is_blocked(name)):
            return name
        return ""

    def _is_blocked(self, *texts: str) -> bool:
        return bool(self._blocked) and any(word in _folded(text) for text in texts for word in self._blocked)

    def _refusal(self, event: Event, kind: Kind, reading: "Reading") -> Reason | None:
        if event.mirror:
            return Reason.MIRROR
        if reading.verdict.action is Action.DROP:
            return Reason.CONTENT_BLOCKED
        if self._is_blocked(event.text, reading.spoken):
            return Reason.BLOCKED_WORD
        if kind is Kind.DANMU and not reading.spoken:
            return Reason.NOTHING_TO_SAY
        return None

    def _key(self, event: Event, viewer: str, kind: Kind, reading: "Reading") -> str:
        """Words merge with the like, gifts with the same viewer's, follows with each other; what was paid for alone."""
        match kind:
            case Kind.DANMU:
                return f"danmu/{self._reader.collapse_key(reading) or reading.spoken}"
            case Kind.GIFT:
                return f"gift/{event.combo.id if event.combo else f'{viewer}/{event.gift}'}"
            case Kind.FOLLOW:
                return "follow"
            case _:
                return ""

    def _voice(self, viewer: str, language: str) -> str:
        """The viewer's own; empty where the room leaves it to the language."""
        settings = self._settings
        if viewer in settings.viewer_voices:
            return settings.viewer_voices[viewer]
        return choose_voice(viewer, self._speaking(settings.voices, language))

    def _speaking(self, voices: Sequence[str], language: str) -> list[str]:
        """Those that speak a language; all those of which that is not known."""
        return [voice for voice in voices if self._languages.get(voice, "mul") in (primary_subtag(language), "mul")]


@lru_cache(maxsize=4096)
def _weight(spoken: str) -> float:
    """Syllables; chat repeats itself."""
    return max(1.0, round(sum(syllable_weights(spoken).values()), 1))


def _alone(danmu: Danmu) -> RoomUtterance:
    """As it would be said if nothing else came."""
    return RoomUtterance(
        danmu.id, danmu.kind, Rank.PLAIN, "", danmu.viewer, danmu.words, 0, "", 0, 0, 0, 0, 0, danmu.count, 1, []
    )


def _folded(text: str) -> str:
    """Nothing but letters and digits, whatever their width and case: no space and no sign hides a word."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).casefold()))
