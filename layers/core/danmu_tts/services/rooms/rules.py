"""A room's settings, as they are written, as the rules that the policy and the wording go by."""

from danmu_tts.domain.room.values import Audience, Kind, RoomRules
from danmu_tts.text.room_words import SayingRules
from speech_contract.rooms import RoomSettings


def room_rules(settings: RoomSettings) -> RoomRules:
    """What is spoken, merged, let go."""
    deadlines = settings.deadlines_ms
    return RoomRules(
        kinds=frozenset(Kind(kind.value) for kind in settings.kinds),
        audience=Audience(settings.audience.value),
        medal_from=settings.medal_from,
        every_nth=settings.every_nth,
        blocked_viewers=frozenset(settings.blocked_viewers),
        deadlines_ms={kind: getattr(deadlines, kind.value) for kind in Kind},
        merge_window_ms=settings.merge_window_ms,
        waiting_ms=settings.waiting_ms,
        longest_ms=settings.longest_ms,
        per_viewer=settings.per_viewer,
        speed=settings.speed,
    )


def saying_rules(settings: RoomSettings) -> SayingRules:
    """How it is said."""
    templates = {Kind(kind.value): template for kind, template in settings.templates.items()}
    return SayingRules(settings.language, settings.names, templates, settings.nicknames)
