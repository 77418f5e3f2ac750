"""What is kept of a room comes back as it was."""

import json

from danmu_tts.domain.room import removal
from danmu_tts.domain.room.state import RoomState, decode, encode
from danmu_tts.domain.room.worth import choose_voice, learn, tempo
from tests.builders.room import RoomBench, a_danmu, a_gift, a_superchat


def test_a_room_comes_back_as_it_was() -> None:
    room = RoomBench()
    room.send(a_danmu("哈哈哈"), a_danmu("哈哈哈"), a_superchat("\ud83d half"), a_gift("v", settle_ms=5))
    room.speak()
    room.start()
    removal.retract(room.state, ["later"], room.changes)
    learn(room.state, "voice", 10, 3000)
    room.state.paused, room.state.told_ms, room.state.watched_ms = True, 5, 6
    assert decode(encode(room.state)) == room.state


def test_nothing_and_what_another_version_wrote_are_an_empty_room() -> None:
    assert decode(None) == decode(b"") == decode(json.dumps([1, "anything"]).encode()) == RoomState()


def test_a_room_does_not_grow_for_ever() -> None:
    room = RoomBench()
    for second in range(300):
        room.send(*(a_danmu(f"{second} {number} 长长的一句话" * 3) for number in range(20)), *[a_danmu("哈" * 9)] * 20)
        removal.retract(room.state, [f"{second}"], room.changes)
        room.speak()
        learn(room.state, f"voice {second}", 10, 3000)
    assert len(encode(room.state)) < 100_000


def test_a_voice_is_a_viewers_for_good() -> None:
    voices = [f"voice-{number}" for number in range(6)]
    chosen = {f"v{number}": choose_voice(f"v{number}", voices) for number in range(600)}
    assert all(choose_voice(viewer, voices[::-1]) == voice for viewer, voice in chosen.items())
    assert all(50 < list(chosen.values()).count(voice) < 150 for voice in voices)
    kept = [viewer for viewer, voice in chosen.items() if voice != voices[0]]
    assert all(choose_voice(viewer, voices[1:]) == chosen[viewer] for viewer in kept)
    assert choose_voice("anybody", []) == ""


def test_it_speaks_faster_the_more_waits_and_never_faster_than_it_may() -> None:
    assert tempo(0, 1.3) == tempo(8_000, 1.3) == 1.0
    assert tempo(15_000, 1.3) == 1.1
    assert tempo(25_000, 1.3) == tempo(10**9, 1.3) == 1.3
    assert tempo(10**9, 1.0) == 1.0
