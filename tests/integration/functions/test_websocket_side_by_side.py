"""Several messages at once, in one process and in several."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from danmu_tts.adapters.connections.redis import RedisUtterances
from danmu_tts.adapters.redis.client import RedisClient
from speech_contract.frames import Accepted, Cancelled, Error
from tests.builders.fake_backend import FakeBackend
from tests.builders.patient import patient_redis
from tests.builders.websocket_bench import CLIENT, WebSocketBench, a_connection, speak, websocket_bench
from tests.servers.redis_server import RedisServer

HERE, THERE = a_connection(1, CLIENT), a_connection(2, CLIENT)


class TestSeveralMessages:
    """While one utterance is made, other messages of its connection are served."""

    @pytest.fixture
    def gate(self) -> asyncio.Event:
        return asyncio.Event()

    @pytest.fixture
    async def bench(self, tmp_path: Path, gate: asyncio.Event) -> AsyncIterator[WebSocketBench]:
        bench = websocket_bench(tmp_path, FakeBackend(waits_for=gate))
        yield bench
        await bench.container.close()

    async def test_a_ping_is_answered_while_something_is_made(self, bench: WebSocketBench, gate: asyncio.Event) -> None:
        speaking = bench.begin(HERE, speak())
        await bench.pusher.until_sent(HERE.id, 1)
        await bench.receive(HERE, {"action": "ping"})
        assert bench.kinds(HERE) == ["accepted", "pong"]
        gate.set()
        await speaking
        assert bench.kinds(HERE) == ["accepted", "pong", "audio", "done"]

    async def test_cancelling_ends_it_and_its_making(self, bench: WebSocketBench, gate: asyncio.Event) -> None:
        speaking = bench.begin(HERE, speak())
        await bench.pusher.until_sent(HERE.id, 1)
        await bench.receive(HERE, {"action": "cancel", "id": "a"})
        await asyncio.wait_for(speaking, 10)
        assert bench.sent(HERE) == [Accepted(id="a"), Cancelled(id="a")]

    async def test_a_cancel_that_overtakes_its_utterance_is_not_lost(
        self, bench: WebSocketBench, gate: asyncio.Event
    ) -> None:
        cancelling = bench.begin(HERE, {"action": "cancel", "id": "a"})
        await asyncio.sleep(0)
        await asyncio.wait_for(bench.receive(HERE, speak()), 10)
        await cancelling
        assert bench.kinds(HERE)[-1] == "cancelled"
        assert "error" not in bench.kinds(HERE)

    async def test_one_client_has_so_many_texts_made_at_once_and_no_more(
        self, bench: WebSocketBench, gate: asyncio.Event
    ) -> None:
        speaking = [bench.begin(HERE, speak(str(number))) for number in range(65)]
        await bench.pusher.until_sent(HERE.id, 65)
        (refused,) = [frame for frame in bench.sent(HERE) if isinstance(frame, Error)]
        assert (refused.error.code, refused.action, refused.id) == ("rate_limited", "speak", None)
        await bench.receive(HERE, {"action": "ping"})
        assert bench.kinds(HERE)[-1] == "pong"
        gate.set()
        await asyncio.gather(*speaking)

    async def test_an_id_that_is_not_finished_is_refused_and_nothing_ends(
        self, bench: WebSocketBench, gate: asyncio.Event
    ) -> None:
        speaking = bench.begin(HERE, speak())
        await bench.pusher.until_sent(HERE.id, 1)
        await bench.receive(HERE, speak(text="something else"))
        answer = bench.sent(HERE)[-1]
        assert isinstance(answer, Error)
        assert (answer.id, answer.error.param) == (None, "id")
        gate.set()
        await speaking
        assert bench.kinds(HERE)[-1] == "done"

    async def test_a_client_that_comes_back_hears_the_rest(self, bench: WebSocketBench, gate: asyncio.Event) -> None:
        speaking = bench.begin(HERE, speak())
        await bench.pusher.until_sent(HERE.id, 1)
        bench.pusher.gone.add(HERE.id)
        await bench.receive(THERE, {"action": "resume", "speaks": [{"id": "a", "seq": 0}]})
        gate.set()
        await speaking
        assert bench.kinds(THERE)[-2:] == ["audio", "done"]

    async def test_nobody_else_may_come_back_for_it(self, bench: WebSocketBench, gate: asyncio.Event) -> None:
        speaking = bench.begin(HERE, speak())
        await bench.pusher.until_sent(HERE.id, 1)
        stranger = a_connection(3, "a-client-of-another-name")
        await bench.receive(stranger, {"action": "resume", "speaks": [{"id": "a", "seq": 0}]})
        await bench.receive(stranger, {"action": "cancel", "id": "a"})
        gate.set()
        await speaking
        assert bench.kinds(HERE) == ["accepted", "audio", "done"]
        assert [frame.error.code for frame in bench.sent(stranger) if isinstance(frame, Error)] == ["not_found"] * 2

    async def test_who_is_gone_for_good_has_nothing_made_for_him(
        self, bench: WebSocketBench, gate: asyncio.Event
    ) -> None:
        bench.pusher.gone.add(HERE.id)
        await asyncio.wait_for(bench.receive(HERE, speak()), 10)
        gate.set()
        assert bench.sent(HERE) == []


class TestSeveralProcesses:
    """The messages of one connection may come to any process."""

    @pytest.fixture
    async def pair(
        self, tmp_path: Path, plain_redis: RedisServer
    ) -> AsyncIterator[tuple[WebSocketBench, WebSocketBench, asyncio.Event]]:
        gate = asyncio.Event()
        redis = patient_redis(plain_redis.url)
        one = websocket_bench(tmp_path / "1", FakeBackend(waits_for=gate), redis=redis)
        other = websocket_bench(tmp_path / "2", FakeBackend(waits_for=gate), one.pusher, redis=redis)
        yield one, other, gate
        await one.container.close()
        await other.container.close()

    async def test_another_process_cancels_it(self, pair: tuple[WebSocketBench, WebSocketBench, asyncio.Event]) -> None:
        one, other, _ = pair
        speaking = one.begin(HERE, speak())
        await one.pusher.until_sent(HERE.id, 1)
        await other.receive(HERE, {"action": "cancel", "id": "a"})
        await asyncio.wait_for(speaking, 10)
        assert one.sent(HERE) == [Accepted(id="a"), Cancelled(id="a")]

    async def test_another_process_moves_it_to_where_its_client_is(
        self, pair: tuple[WebSocketBench, WebSocketBench, asyncio.Event]
    ) -> None:
        one, other, gate = pair
        speaking = one.begin(HERE, speak())
        await one.pusher.until_sent(HERE.id, 1)
        await other.receive(THERE, {"action": "resume", "speaks": [{"id": "a", "seq": 0}]})
        gate.set()
        await speaking
        assert one.kinds(THERE)[-2:] == ["audio", "done"]

    async def test_another_process_refuses_an_id_that_is_not_finished(
        self, pair: tuple[WebSocketBench, WebSocketBench, asyncio.Event]
    ) -> None:
        one, other, gate = pair
        speaking = one.begin(HERE, speak())
        await one.pusher.until_sent(HERE.id, 1)
        await other.receive(HERE, speak())
        assert one.kinds(HERE) == ["accepted", "error"]
        gate.set()
        await speaking

    async def test_what_a_process_that_died_was_speaking_is_said_to_be_gone(
        self, pair: tuple[WebSocketBench, WebSocketBench, asyncio.Event]
    ) -> None:
        _, other, _ = pair
        redis = RedisClient(other.container.settings.redis)
        await RedisUtterances(redis).begin(HERE.owner, "a")  # and nobody looks after it
        await redis.close()
        await other.receive(THERE, {"action": "resume", "speaks": [{"id": "a", "seq": 0}]})
        (answer,) = other.sent(THERE)
        assert isinstance(answer, Error)
        assert (answer.id, answer.error.code) == ("a", "not_found")
