"""What somebody did in a room, as the policy takes it: read, filtered, with whoever will say it and how long it is."""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from danmu_tts.domain.room.values import Danmu, Kind, Rank, Reason, RoomUtterance, Words
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
        self._blocked = [_folded(word) for word in settings.blocked_words]

    def read(self, event: Event) -> Danmu:
        """Read one: anything that somebody may have written."""
        reading = self._reader.read(event.text)
        kind = Kind(event.kind.value)
        language = reading.language if kind is Kind.DANMU else self._settings.language
        name = event.name if self._reader.read(event.name).verdict.action is Action.ALLOW else ""
        words = Words(
            name=name,
            text=event.text,
            language=language,
            gift=event.gift,
            amount=event.amount,
            currency=event.currency,
            emotes=event.emotes,
            picture=event.picture,
            reply_to=event.reply_to,
        )
        danmu = Danmu(
            id=event.id or self._new_id(),
            kind=kind,
            viewer=event.viewer or event.name,
            words=words,
            key=self._key(event, kind, reading),
            voice=self._voice(event.viewer or event.name, language),
            count=event.count,
            medal=event.medal,
            guard=event.guard,
            paid=event.amount > 0,
            settle_ms=event.combo.timeout_ms if event.combo else 0,
            sent_at_ms=None if event.sent_at is None else round(event.sent_at * 1000),
            refused=self._refusal(event, kind, reading),
        )
        return danmu if danmu.refused else _weighed(danmu, self._spoken(danmu, reading))

    def _spoken(self, danmu: Danmu, reading: "Reading") -> str:
        """All that will be said, as far as it is known now."""
        if danmu.kind is Kind.DANMU and not self._settings.names and Kind.DANMU not in self._saying.templates:
            return reading.spoken
        return self._reader.read(self._words.say(_alone(danmu), self._saying).text).spoken

    def _refusal(self, event: Event, kind: Kind, reading: "Reading") -> Reason | None:
        if event.mirror:
            return Reason.MIRROR
        if reading.verdict.action is Action.DROP:
            return Reason.CONTENT_BLOCKED
        if self._blocked and any(word in _folded(event.text) for word in self._blocked):
            return Reason.BLOCKED_WORD
        if kind is Kind.DANMU and not reading.spoken:
            return Reason.NOTHING_TO_SAY
        return None

    def _key(self, event: Event, kind: Kind, reading: "Reading") -> str:
        """Words merge with the like, gifts with the same viewer's, follows with each other; what was paid for alone."""
        viewer = event.viewer or event.name
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


def _weighed(danmu: Danmu, spoken: str) -> Danmu:
    return replace(danmu, weight=max(1.0, round(sum(syllable_weights(spoken).values()), 1)))


def _alone(danmu: Danmu) -> RoomUtterance:
    """As it would be said if nothing else came."""
    return RoomUtterance(
        danmu.id, danmu.kind, Rank.PLAIN, "", danmu.viewer, danmu.words, 0, "", 0, 0, 0, 0, 0, danmu.count, 1, []
    )


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
