"""One room, fed and emptied by many processes; and by one that does whatever comes to hypothesis' mind."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

import danmu_tts
from danmu_tts.adapters.redis.client import RedisClient
from danmu_tts.adapters.rooms.documents import RoomFiles
from danmu_tts.adapters.rooms.redis import RedisRooms
from danmu_tts.domain.room import removal, speaking
from danmu_tts.domain.room.admission import Changes, admit
from danmu_tts.domain.room.state import RoomState, decode, encode
from danmu_tts.domain.room.values import Danmu, Kind, Reason, RoomRules, Words
from danmu_tts.ports import Room
from tests.builders.patient import patient_redis
from tests.builders.room import accounted
from tests.integration.shared.room_hammers import BATCH
from tests.servers.redis_server import RedisServer

ROOT = Path(__file__).parents[3]
PROCESSES, BATCHES, LIMIT_S = 8, 25, 60


def test_eight_processes_lose_nothing_and_speak_nothing_twice(plain_redis: RedisServer) -> None:
    path = os.pathsep.join([str(ROOT), str(Path(danmu_tts.__file__).parents[1])])
    own = [str(PROCESSES), str(BATCHES), plain_redis.url]
    command = [sys.executable, "-m", "tests.integration.shared.room_hammers", *own]
    with (
        plain_redis.admin() as admin,
        subprocess.Popen(command, env=os.environ | {"PYTHONPATH": path}, start_new_session=True) as hammers,
    ):
        try:
            for _ in range(PROCESSES):
                assert admin.blpop(["ready"], timeout=20)
            admin.xadd("start", {"now": 1})
            assert hammers.wait(LIMIT_S) == 0
        finally:
            if hammers.poll() is None:
                os.killpg(hammers.pid, signal.SIGKILL)
        popped: Any = [each.decode() for each in admin.lrange("popped", 0, -1)]
        kept: Any = admin.get("danmu:room:{a-room}:state")
    sent = {
        f"{each}-{batch}-{number}" for each in range(PROCESSES) for batch in range(BATCHES) for number in range(BATCH)
    }
    assert len(popped) == len(set(popped))
    assert set(popped) == sent
    tally = decode(kept.partition(b" ")[2]).tally
    assert tally.arrived == tally.spoken == len(sent)


IDS = st.integers(0, 40).map(lambda number: f"d{number}")
VIEWERS = st.sampled_from(["", "v1", "v2", "v3"])
DANMU = st.builds(
    lambda name, viewer, text, kind, paid, count, settle: Danmu(
        name,
        kind,
        viewer,
        Words(viewer, text),
        key=f"{kind}/{text}",
        weight=float(len(text)),
        count=count,
        paid=paid,
        settle_ms=settle,
    ),
    IDS,
    VIEWERS,
    st.sampled_from(["哈", "哈哈哈", "\ud800", "<b>", "你好" * 20]),
    st.sampled_from(list(Kind)),
    st.booleans(),
    st.integers(1, 3),
    st.sampled_from([0, 0, 1]),
)
RULES = RoomRules(kinds=frozenset(Kind), waiting_ms=12_000, per_viewer=2, every_nth=2)
_Step = Callable[[RoomState, int, Changes], object]


class RoomMachine(RuleBasedStateMachine):
    """Two stores that do not know of each other, and the pure policy beside them as their model."""

    def __init__(self) -> None:
        super().__init__()
        self._loop = asyncio.new_event_loop()
        self._redis = RedisClient(patient_redis())
        self._stores = [RedisRooms(self._redis, RoomFiles(Path("/nonexistent"))) for _ in range(2)]
        self._model, self._changes = RoomState(), Changes()

    def teardown(self) -> None:
        self._loop.run_until_complete(self._redis.close())
        self._loop.close()

    def _do(self, step: _Step) -> None:
        def with_model(opened: Room) -> tuple[object, object]:
            expected = step(self._model, opened.now_ms, self._changes)
            return step(opened.state, opened.now_ms, Changes()), expected

        self._stores.reverse()
        found, expected = self._loop.run_until_complete(self._stores[0].change("a-room", with_model))
        assert found == expected

    @rule(danmu=st.lists(DANMU, min_size=1, max_size=6))
    def send(self, danmu: list[Danmu]) -> None:
        self._do(lambda state, now_ms, changes: admit(state, RULES, danmu, now_ms, changes))

    @rule(
        player=st.sampled_from("ab"),
        line=st.sampled_from("xy"),
        credit=st.booleans(),
        buffered=st.sampled_from([0, 9]),
        holds=st.lists(IDS, max_size=3),
    )
    def ready(self, player: str, line: str, credit: bool, buffered: int, holds: list[str]) -> None:
        def step(state: RoomState, now_ms: int, changes: Changes) -> object:
            active = speaking.attend(state, player, line, now_ms, credit=credit, holds=holds, changes=changes)
            return active, speaking.take(state, now_ms, buffered, changes) if active else None

        self._do(step)

    @rule(number=st.integers(0, 1), what=st.sampled_from(["sent", "began", "heard", "failed"]))
    def played(self, number: int, what: str) -> None:
        def step(state: RoomState, now_ms: int, changes: Changes) -> object:
            if number >= len(state.hands):
                return None
            name = state.hands[number].utterance.id
            if what == "sent":
                return speaking.sent(state, name, "line", "voice", 1000, 1.1, now_ms)
            if what == "failed":
                speaking.give_up(state, name, Reason.FAILED, changes)
            elif what == "began":
                speaking.began(state, name, now_ms, changes)
            else:
                speaking.heard(state, name, now_ms, changes)
            return None

        self._do(step)

    @rule(ids=st.lists(IDS, max_size=4), viewer=VIEWERS)
    def remove(self, ids: list[str], viewer: str) -> None:
        self._do(lambda state, _, changes: removal.retract(state, ids, changes))
        self._do(lambda state, _, changes: removal.ban(state, [viewer], changes))

    @rule(what=st.sampled_from([removal.clear, removal.skip]))
    def steer(self, what: Callable[[RoomState, Changes], object]) -> None:
        self._do(lambda state, _, changes: what(state, changes))

    @rule(name=IDS)
    def again(self, name: str) -> None:
        self._do(lambda state, now_ms, _: speaking.again(state, name, f"{name}-{now_ms}", now_ms))

    @invariant()
    def nothing_is_lost_and_nothing_counts_twice(self) -> None:
        state = self._loop.run_until_complete(self._stores[0].read("a-room")).state
        assert state == self._model == decode(encode(self._model))
        still_there = len(state.waiting) + len(state.hands)
        tally, told = state.tally, self._changes
        assert accounted(tally) + still_there == tally.arrived
        assert {reason: len(ids) for reason, ids in told.dropped.items()} == tally.dropped
        assert (len(told.spoken), len(told.taken_back) <= tally.retracted) == (tally.spoken, True)
        assert all(each.count > 0 and each.people > 0 and each.members for each in state.waiting)


TestRoomMachine = RoomMachine.TestCase
TestRoomMachine.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
