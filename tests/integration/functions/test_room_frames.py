"""A live room over the WebSocket function: fed, pulled by players, watched, steered."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from danmu_tts.domain.access import ANONYMOUS, Grant, Role, Scope
from danmu_tts.domain.connections import Connection
from danmu_tts.domain.errors import BackendNetworkError, StoreAwayError
from danmu_tts.ports import BackendTraits, Room
from speech_contract import frames, room_frames
from speech_contract.frames import AnyServerFrame
from tests.builders.clock import FakeClock
from tests.builders.fake_backend import FakeBackend
from tests.builders.until import until
from tests.builders.websocket_bench import WebSocketBench, a_connection, websocket_bench

F = TypeVar("F", bound=AnyServerFrame)
PLAYER, SECOND, MONITOR, BOT = (a_connection(number) for number in range(4))


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[WebSocketBench]:
    made = websocket_bench(tmp_path)
    yield made
    await made.container.close()


class RoomTalk:
    """What players, monitors and bots say to a room, and what they were told."""

    def __init__(self, bench: WebSocketBench) -> None:
        self.bench = bench

    async def say(self, connection: Connection, action: str, **fields: Any) -> None:
        await self.bench.receive(connection, {"action": action, "room": "r", **fields})

    async def send(self, *texts: str, **fields: Any) -> None:
        events = [{"text": text, "id": text, "viewer": f"of {text}", **fields} for text in texts]
        await self.say(BOT, "danmu", events=events)

    async def play(self, utterance_id: str, connection: Connection = PLAYER) -> None:
        await self.say(connection, "played", id=utterance_id, outcome="started")
        await self.say(connection, "played", id=utterance_id, outcome="heard")

    def told(self, connection: Connection, kind: type[F]) -> list[F]:
        return [frame for frame in self.bench.sent(connection) if isinstance(frame, kind)]

    def spoken(self, connection: Connection = PLAYER) -> list[str]:
        return [frame.original for frame in self.told(connection, room_frames.UtteranceFrame) if frame.audio]


@pytest.fixture
def talk(bench: WebSocketBench) -> RoomTalk:
    return RoomTalk(bench)


async def test_who_is_ready_is_given_the_next_one_with_its_audio(talk: RoomTalk) -> None:
    await talk.say(PLAYER, "listen")
    await talk.send("你好，主播")
    await talk.say(PLAYER, "ready")
    (utterance,) = talk.told(PLAYER, room_frames.UtteranceFrame)
    assert (utterance.original, utterance.count, utterance.rank) == ("你好，主播", 1, "plain")
    assert utterance.audio
    assert utterance.audio.data
    assert utterance.audio.content_type == "audio/ogg"
    assert "".join(caption.text for caption in utterance.captions) == "你好，主播"


async def test_a_room_without_a_player_synthesises_nothing(tmp_path: Path) -> None:
    backend = FakeBackend()
    talk = RoomTalk(websocket_bench(tmp_path, backend))
    await talk.say(MONITOR, "listen", role="monitor")
    await talk.send("一", "二", "三")
    assert backend.spoken == []
    await talk.bench.container.close()


async def test_a_player_that_waits_is_told_when_something_comes(talk: RoomTalk) -> None:
    await talk.say(PLAYER, "listen")
    await talk.say(PLAYER, "ready")
    await talk.send("你好")
    waits = talk.told(PLAYER, room_frames.Waiting)
    assert [wait.again_in_ms for wait in waits] == [1200, 0]
    assert all(wait.active for wait in waits)


async def test_who_sent_danmu_is_told_what_became_of_each(talk: RoomTalk) -> None:
    await talk.say(
        BOT, "danmu", events=[{"id": "a", "text": "哈哈"}, {"id": "b", "text": "哈哈哈"}, {"id": "c", "text": "!!!"}]
    )
    (admitted,) = talk.told(BOT, room_frames.Admitted)
    assert [(each.id, each.outcome, each.count, each.reason) for each in admitted.outcomes] == [
        ("a", "queued", 1, None),
        ("b", "merged", 2, None),
        ("c", "dropped", None, "nothing_to_say"),
    ]


async def test_all_hear_of_an_utterance_and_the_active_player_alone_gets_its_sound(talk: RoomTalk) -> None:
    await talk.say(PLAYER, "listen")
    await talk.say(SECOND, "listen")
    await talk.say(MONITOR, "listen", role="monitor")
    await talk.send("你好")
    await talk.say(PLAYER, "ready")
    for connection, has_sound in ((PLAYER, True), (SECOND, False), (MONITOR, False)):
        (utterance,) = talk.told(connection, room_frames.UtteranceFrame)
        assert (utterance.audio is not None) is has_sound


async def test_a_second_player_is_told_to_wait(talk: RoomTalk) -> None:
    await talk.say(PLAYER, "ready")
    await talk.say(SECOND, "ready")
    assert [wait.active for wait in talk.told(SECOND, room_frames.Waiting)] == [False]


@pytest.mark.parametrize(("usd", "slow_s", "made"), [(0, 0, 3), (15, 0, 2), (0, 0.5, 5), (15, 0.5, 2)])
async def test_one_is_ahead_and_one_is_prepared_or_more_of_a_slow_voice_unless_it_costs(
    tmp_path: Path, usd: float, slow_s: float, made: int
) -> None:
    clock = FakeClock()
    backend = FakeBackend(before_chunk=lambda: clock.advance(slow_s), traits=BackendTraits(usd_per_million_chars=usd))
    talk = RoomTalk(websocket_bench(tmp_path, backend, clock=clock))
    await talk.say(PLAYER, "listen")
    await talk.send("一二", "三四", "五六", "七八", "九十", "十一")
    await talk.say(PLAYER, "ready")
    first = talk.told(PLAYER, room_frames.UtteranceFrame)[0]
    await talk.say(PLAYER, "played", id=first.id, outcome="started")
    for _ in range(3):
        await talk.say(PLAYER, "ready", buffered_ms=500)
    assert (len(talk.spoken()), len(backend.spoken)) == (2, made)
    await talk.bench.container.close()


async def test_what_is_spoken_names_the_crowd(tmp_path: Path) -> None:
    backend = FakeBackend()
    talk = RoomTalk(websocket_bench(tmp_path, backend))
    await talk.say(BOT, "danmu", events=[{"text": "好听", "viewer": f"v{number}"} for number in range(12)])
    await talk.say(PLAYER, "listen")
    await talk.say(PLAYER, "ready")
    (utterance,) = talk.told(PLAYER, room_frames.UtteranceFrame)
    assert (utterance.original, utterance.count, utterance.people) == ("好听", 12, 12)
    assert "".join(each.text for each in backend.spoken) == "好听，十二个人"
    assert "".join(caption.text for caption in utterance.captions) == "好听"
    await talk.bench.container.close()


async def test_what_waits_and_what_plays_can_be_taken_back(talk: RoomTalk) -> None:
    await talk.say(PLAYER, "listen")
    await talk.send("一")
    await talk.say(PLAYER, "ready")
    await talk.say(PLAYER, "played", id="一", outcome="started")
    await talk.send("二")
    await talk.say(BOT, "retract", ids=["一", "二", "三"])
    assert [frame.retracted for frame in talk.told(BOT, room_frames.Retraction)] == [2]
    assert [frame.ids for frame in talk.told(PLAYER, room_frames.Retracted)] == [["二", "一"]]
    await talk.say(PLAYER, "ready")
    await talk.send("三")
    await talk.say(PLAYER, "ready")
    assert talk.spoken() == ["一"]


async def test_what_is_taken_back_while_it_is_made_is_never_sent(tmp_path: Path) -> None:
    goes = asyncio.Event()
    backend = FakeBackend(waits_for=goes)
    talk = RoomTalk(websocket_bench(tmp_path, backend))
    await talk.say(PLAYER, "listen")
    await talk.send("一")
    making = talk.bench.begin(PLAYER, {"action": "ready", "room": "r"})
    await until(lambda: backend.spoken)
    await talk.say(PLAYER, "ready")
    assert talk.told(PLAYER, room_frames.Waiting)[-1].reason == "making"
    await talk.say(BOT, "retract", ids=["一"])
    goes.set()
    await making
    assert talk.spoken() == []
    await talk.bench.container.close()


async def test_a_block_silences_the_viewer_at_once_and_for_good(talk: RoomTalk) -> None:
    await talk.say(PLAYER, "listen")
    await talk.send("一", "二", viewer="bad")
    await talk.say(PLAYER, "ready")
    await talk.say(BOT, "control", do="block", viewer="bad")
    assert [frame.ids for frame in talk.told(PLAYER, room_frames.Retracted)] == [["二", "一"]]
    await talk.say(PLAYER, "ready")
    assert talk.spoken() == ["一"]
    await talk.send("三", viewer="bad")
    assert talk.told(BOT, room_frames.Admitted)[-1].outcomes[0].reason == "blocked_viewer"
    await talk.say(BOT, "control", do="unblock", viewer="bad")
    await talk.send("四", viewer="bad")
    assert talk.told(BOT, room_frames.Admitted)[-1].outcomes[0].outcome == "queued"


async def test_an_utterance_can_be_taken_back_whole(talk: RoomTalk) -> None:
    await talk.say(BOT, "danmu", events=[{"id": name, "text": "好听"} for name in "abc"])
    await talk.say(BOT, "control", do="retract", id="a")
    assert (await talk.bench.container.rooms.controls.state(ANONYMOUS, "r")).counts.retracted == 3
    await talk.say(BOT, "control", do="retract", id="a")
    assert talk.told(BOT, frames.Error)[-1].error.code == "not_found"


async def test_a_skip_silences_what_plays(talk: RoomTalk) -> None:
    await talk.say(PLAYER, "listen")
    await talk.send("一")
    await talk.say(PLAYER, "ready")
    await talk.say(BOT, "control", do="skip")
    assert [frame.ids for frame in talk.told(PLAYER, room_frames.Retracted)] == [["一"]]


async def test_a_pause_holds_all_back_and_a_resume_tells_the_player(talk: RoomTalk) -> None:
    await talk.say(PLAYER, "listen")
    await talk.say(BOT, "control", do="pause")
    await talk.send("一")
    await talk.say(PLAYER, "ready")
    assert [wait.reason for wait in talk.told(PLAYER, room_frames.Waiting)] == ["paused"]
    await talk.say(BOT, "control", do="resume")
    assert talk.told(PLAYER, room_frames.Waiting)[-1].again_in_ms == 0
    await talk.say(PLAYER, "ready")
    assert talk.spoken() == ["一"]


async def test_one_of_the_last_is_spoken_once_more(talk: RoomTalk) -> None:
    await talk.say(PLAYER, "listen")
    await talk.send("一")
    await talk.say(PLAYER, "ready")
    await talk.play("一")
    await talk.say(BOT, "control", do="replay", id="一")
    await talk.say(PLAYER, "ready")
    assert talk.spoken() == ["一", "一"]
    await talk.say(BOT, "control", do="replay", id="nothing")
    assert talk.told(BOT, frames.Error)[-1].error.code == "not_found"


async def test_who_watches_sees_what_waits_and_what_is_let_go_and_why(talk: RoomTalk) -> None:
    await talk.say(MONITOR, "listen", role="monitor")
    await talk.send("你好", "？？？")
    (dropped,) = talk.told(MONITOR, room_frames.Dropped)
    assert (dropped.ids, dropped.reason, dropped.danmu[0].text) == (["？？？"], "nothing_to_say", "？？？")
    await talk.say(MONITOR, "listen", role="monitor")
    state = talk.told(MONITOR, room_frames.State)[-1].state
    assert [(each.id, each.text, each.rank) for each in state.waiting] == [("你好", "你好", "plain")]
    assert (state.counts.arrived, state.counts.dropped, state.listeners) == (2, {"nothing_to_say": 1}, 1)
    assert state.waiting[0].expires_at > state.now


async def test_what_is_hidden_of_a_danmu_is_hidden_from_all(talk: RoomTalk) -> None:
    await talk.say(MONITOR, "listen", role="monitor")
    await talk.say(PLAYER, "listen")
    await talk.send("打我电话13812345678", id="a", name="死全家", reply_to="死全家", gift="死全家", viewer=None)
    await talk.say(MONITOR, "listen", role="monitor")
    await talk.say(PLAYER, "ready")
    assert talk.told(PLAYER, room_frames.UtteranceFrame)
    for frame in (*talk.bench.sent(MONITOR), *talk.bench.sent(PLAYER)):
        told = frame.encode().decode()
        assert "1381" not in told
        assert "死全家" not in told


async def test_what_cannot_be_made_is_dropped_with_the_reason_and_the_player_told_to_ask_again(tmp_path: Path) -> None:
    talk = RoomTalk(websocket_bench(tmp_path, FakeBackend(fails_with=BackendNetworkError("away"))))
    await talk.say(PLAYER, "listen")
    await talk.send("一")
    await talk.say(PLAYER, "ready")
    wait = talk.told(PLAYER, room_frames.Waiting)[-1]
    assert (wait.active, wait.again_in_ms, wait.reason) == (True, 500, "backend_unavailable")
    state = await talk.bench.container.rooms.controls.state(ANONYMOUS, "r")
    assert state.counts.dropped == {"failed": 1}
    await talk.bench.container.close()


async def test_a_room_whose_budget_is_spent_says_so(tmp_path: Path) -> None:
    talk = RoomTalk(websocket_bench(tmp_path, FakeBackend(traits=BackendTraits(usd_per_million_chars=15))))
    await talk.say(BOT, "control", do="settings", settings={"monthly_usd": 0})
    await talk.say(PLAYER, "listen")
    await talk.send("一")
    await talk.say(PLAYER, "ready")
    assert talk.told(PLAYER, room_frames.Waiting)[-1].reason == "budget_exhausted"
    state = await talk.bench.container.rooms.controls.state(ANONYMOUS, "r")
    assert state.counts.dropped == {"budget_exhausted": 1}
    await talk.bench.container.close()


async def test_a_viewer_keeps_a_voice_and_may_be_given_another(tmp_path: Path) -> None:
    backend = FakeBackend(languages=("zh-CN", "zh-TW", "zh-HK", "en-US"))
    talk = RoomTalk(websocket_bench(tmp_path, backend))
    voices = ["fake:zh-CN", "fake:zh-TW", "fake:zh-HK", "fake:en-US"]
    await talk.say(BOT, "control", do="settings", settings={"voices": voices})
    await talk.say(PLAYER, "listen")
    for number in range(9):
        await talk.send(f"第{number}句", viewer=f"v{number % 3}")
        await talk.say(PLAYER, "ready")
        await talk.play(f"第{number}句")
    used = [each.voice.id for each in backend.spoken]
    assert used[3:6] == used[6:9]  # the first of all came before the voices were known
    assert "fake:en-US" not in used[3:]
    await talk.say(BOT, "control", do="voice", viewer="v0", voice="fake:en-US")
    await talk.send("换一个", viewer="v0")
    await talk.say(PLAYER, "ready")
    assert backend.spoken[-1].voice.id == "fake:en-US"
    await talk.bench.container.close()


async def test_a_voice_that_is_gone_is_replaced_by_the_languages_own(talk: RoomTalk) -> None:
    await talk.say(BOT, "control", do="settings", settings={"viewer_voices": {"v": "fake:withdrawn"}})
    await talk.say(PLAYER, "listen")
    await talk.send("一", viewer="v")
    await talk.say(PLAYER, "ready")
    assert talk.spoken() == ["一"]


FORBIDDEN: list[tuple[Role, str, str, dict[str, Any]]] = [
    (Role.PLAYER, "other", "listen", {}),
    (Role.PLAYER, "other", "ready", {}),
    (Role.PLAYER, "other", "played", {"id": "a", "outcome": "heard"}),
    (Role.CONSOLE, "other", "control", {"do": "skip"}),
    (Role.CONSOLE, "other", "retract", {"ids": ["a"]}),
    (Role.PLAYER, "r", "control", {"do": "skip"}),
    (Role.PLAYER, "r", "retract", {"ids": ["a"]}),
    (Role.PLAYER, "r", "danmu", {"events": [{"text": "a"}]}),
    (Role.MONITOR, "r", "listen", {"role": "player"}),
    (Role.MONITOR, "r", "ready", {}),
]


async def test_a_token_acts_on_its_own_room_and_by_its_role(bench: WebSocketBench) -> None:
    talk = RoomTalk(bench)
    issued = await bench.container.access.create("test", [Scope.ADMIN])

    def holder(number: int, role: Role, room: str = "r") -> Connection:
        grant = Grant(issued.record.id, issued.record.proof, room, role, 4_000_000_000)
        return Connection(f"holder-{number}", "http://gateway", grant)

    for number, (role, room, action, fields) in enumerate(FORBIDDEN):
        connection = holder(number, role, room)
        await talk.say(connection, action, **fields)
        (error,) = talk.told(connection, frames.Error)
        assert (error.error.code, error.action) == ("forbidden", action), (role, room, action)
    console = holder(99, Role.CONSOLE)
    await talk.say(console, "listen", role="monitor")
    await talk.say(console, "control", do="skip")
    await talk.say(console, "retract", ids=["a"])
    assert not talk.told(console, frames.Error)


async def test_a_paid_one_is_tried_again_when_a_voice_is_back(tmp_path: Path) -> None:
    talk = RoomTalk(websocket_bench(tmp_path, FakeBackend(fails_with=BackendNetworkError("away"))))
    await talk.say(PLAYER, "listen")
    await talk.send("生日快乐", kind="superchat", amount=30)
    await talk.say(PLAYER, "ready")
    state = await talk.bench.container.rooms.controls.state(ANONYMOUS, "r")
    assert ([each.id for each in state.waiting], state.counts.dropped) == (["生日快乐"], {})
    await talk.bench.container.close()


async def test_what_a_player_that_is_gone_was_to_be_sent_waits_again(talk: RoomTalk) -> None:
    await talk.say(PLAYER, "listen")
    await talk.send("一")
    talk.bench.pusher.gone.add(PLAYER.id)
    await talk.say(PLAYER, "ready")
    await talk.say(SECOND, "listen")
    state = await talk.bench.container.rooms.controls.state(ANONYMOUS, "r")
    assert ([each.id for each in state.waiting], state.in_hand) == (["一"], [])


async def test_a_crowded_room_of_long_lines_fits_into_messages(talk: RoomTalk) -> None:
    await talk.say(MONITOR, "listen", role="monitor")
    await talk.say(PLAYER, "listen")
    for number in range(60):
        await talk.send(f"{number}，" + "好听" * 490, id=f"d{number}", viewer="v", kind="superchat", amount=1)
    await talk.say(MONITOR, "listen", role="monitor")
    await talk.say(PLAYER, "ready")
    assert len(talk.told(BOT, room_frames.Admitted)) == 60
    assert not talk.told(MONITOR, frames.Error)
    assert not talk.told(BOT, frames.Error)


async def test_a_monitor_that_does_not_read_delays_nobody(talk: RoomTalk) -> None:
    await talk.say(MONITOR, "listen", role="monitor")
    talk.bench.pusher.busy[MONITOR.id] = 10**6
    await talk.send("！！！", "一", "二")
    assert talk.told(BOT, room_frames.Admitted)
    assert not talk.bench.pusher.hung_up


async def test_a_listener_that_is_gone_is_forgotten(talk: RoomTalk) -> None:
    await talk.say(MONITOR, "listen", role="monitor")
    talk.bench.pusher.gone.add(MONITOR.id)
    await talk.send("!!!")
    assert (await talk.bench.container.rooms.controls.state(ANONYMOUS, "r")).listeners == 0


async def test_danmu_that_were_taken_in_are_answered_so_even_if_nobody_can_be_told(
    talk: RoomTalk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(room: Room) -> None:
        raise StoreAwayError("away")

    monkeypatch.setattr(talk.bench.container.rooms.telling, "nudge", fail)
    await talk.send("你好")
    (admitted,) = talk.told(BOT, room_frames.Admitted)
    assert [each.outcome for each in admitted.outcomes] == ["queued"]
