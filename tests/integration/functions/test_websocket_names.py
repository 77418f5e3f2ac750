"""Whose name is taken, where several processes of the function share Redis."""

from pathlib import Path

from speech_contract.frames import Done, Error
from tests.builders.patient import patient_redis
from tests.builders.websocket_bench import CLIENT, a_connection, speak, websocket_bench
from tests.servers.redis_server import RedisServer


async def test_a_name_is_free_before_lambda_may_freeze_the_process(tmp_path: Path, plain_redis: RedisServer) -> None:
    """Which it does as soon as the function returns: what is still to do then is done at the next message, if ever."""
    bench = websocket_bench(tmp_path, redis=patient_redis(plain_redis.url))
    with plain_redis.admin() as admin:
        await bench.receive(a_connection(client=CLIENT), speak())
        assert admin.keys("*utterance*") == []  # asked without a turn of the loop in between
    await bench.container.close()


async def test_who_hears_that_a_line_is_done_may_take_its_name_at_once(
    tmp_path: Path, plain_redis: RedisServer
) -> None:
    """Even where its process has not yet said so: it learns of the delivery after the client does."""
    shared = patient_redis(plain_redis.url)
    benches = [websocket_bench(tmp_path, redis=shared) for _ in range(2)]
    one, other = a_connection(1, CLIENT), a_connection(2, CLIENT)
    for _ in range(20):
        benches[0].pusher.sent.clear()
        speaking = benches[0].begin(one, speak())
        frames = await benches[0].pusher.until_sent(one.id, 1)
        while not isinstance(frames[-1], Done):
            await benches[0].pusher.until_sent(one.id, len(frames) + 1)
        await benches[1].receive(other, speak())
        await speaking
    assert not [frame for frame in benches[1].sent(other) if isinstance(frame, Error)]
    for bench in benches:
        await bench.container.close()
