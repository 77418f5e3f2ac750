"""A recorded evening decided in virtual time."""

from collections.abc import Callable, Sequence
from itertools import count

from danmu_tts import process_loop
from danmu_tts.bootstrap import container
from danmu_tts.domain.access import ANONYMOUS
from danmu_tts.domain.room.values import Kind
from danmu_tts.services.rooms.rules import room_rules
from infra.local.replay.evening import Evening, SpokenOnce
from infra.local.replay.recordings import Recorded
from infra.local.replay.virtual import Passed, VirtualRoom
from speech_contract.rooms import RoomSettings


def decide(
    recorded: Sequence[Recorded], room: str, speed: float, title: str, progress: Callable[[float], None]
) -> Evening:
    """Let it pass, by the settings that the room has here.

    Args:
        progress: told how far it is, in seconds of the recording.
    """
    built = container()
    settings = process_loop.run(built.rooms.controls.state(ANONYMOUS, room)).settings or RoomSettings()
    numbers = count()
    reader = built.rooms.feed.event_reader(room, None, settings, lambda: f"virtual-{next(numbers)}")
    virtual = VirtualRoom(room_rules(settings), settings.fastest)
    danmu = ((round(each.at_s / speed * 1000), reader.read(each.event)) for each in recorded)
    for passed_ms in virtual.run(danmu):
        progress(passed_ms / 1000 * speed)
    process_loop.run(built.close())
    return _evening(virtual.evening, [each.at_s for each in recorded], speed, title, settings.waiting_ms)


def _evening(passed: Passed, arrivals_s: Sequence[float], speed: float, title: str, limit_ms: int) -> Evening:
    tally = passed.state.tally
    return Evening(
        title=title,
        length_s=passed.ended_ms / 1000 * speed,
        arrivals_s=arrivals_s,
        spoken=[
            SpokenOnce(
                each.began_ms / 1000 * speed,
                (each.ended_ms - each.began_ms) / 1000 * speed,
                each.lateness_ms,
                each.utterance.rank.name.lower(),
                each.utterance.count if each.utterance.kind is Kind.DANMU else 1,
            )
            for each in passed.spoken
        ],
        backlog=[(at_ms / 1000 * speed, waits_ms) for at_ms, waits_ms in passed.backlog],
        dropped=tally.dropped,
        merged=tally.merged,
        retracted=tally.retracted,
        past_deadline=sum(each.began_ms > each.deadline_ms for each in passed.spoken),
        idle_share=passed.idle_ms / passed.speakable_ms if passed.speakable_ms else 0.0,
        speed=speed,
        virtual=True,
        limit_ms=limit_ms,
    )
