"""Fifty requests a second while Redis goes and comes back: nobody fails, nobody waits for it twice."""

from itertools import count
from pathlib import Path
from typing import Any

import pytest

from danmu_tts.settings import Settings
from tests.integration.shared.traffic import Platform, platform, traffic, until
from tests.servers.redis_server import ClusterRedisServer, RedisServer

# Far above what a busy machine adds, so that one limit cannot be taken for two.
TIMEOUT_MS = 1000
ROOM_S = 0.6
WARM_S, NORMAL_S, AWAY_S = 1.0, 2.0, 2.5
BACK_S = 2.0
ALL_REQUESTS = "danmu:{limits}:all:all:requests"


def settings(server: RedisServer, home: Path) -> Settings:
    redis: dict[str, Any] = {"url": server.url, "timeout_ms": TIMEOUT_MS, "connect_timeout_ms": TIMEOUT_MS}
    if isinstance(server, ClusterRedisServer):
        redis["ca_file"] = server.ca_file
    return Settings.model_validate(
        {
            "redis": redis,
            "cache": {"directory": home / "cache"},
            "limits": {"all_requests": 1_000_000, "all_characters": 0},
        }
    )


def go_away(server: RedisServer, how: str) -> None:
    server.pause() if how == "pause" else server.stop()


def come_back(server: RedisServer, how: str) -> None:
    server.resume() if how == "pause" else server.start()


def sees_what_another_wrote(one: Platform, other: Platform, numbers: "count[int]") -> bool:
    line = f"第{next(numbers)}句"
    other.ask(line)
    return bool(one.ask(line).body["cached"] == "redis")


def counted(server: RedisServer) -> Any:
    with server.admin() as admin:
        return admin.get(ALL_REQUESTS)


@pytest.mark.parametrize(
    ("flavour", "how"),
    [("plain", "stop"), ("plain", "pause"), ("plain", "restart"), ("cluster", "stop"), ("cluster", "pause")],
)
def test_nobody_notices(flavour: str, how: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    server: RedisServer = request.getfixturevalue("own_redis" if flavour == "plain" else "own_cluster_redis")
    numbers = count()
    with platform(settings(server, tmp_path / "one")) as one, traffic(one) as flow:
        normal_s = flow.after(WARM_S)
        away_s = flow.after(NORMAL_S)
        go_away(server, how)
        flow.after(0.0 if how == "restart" else AWAY_S)
        come_back(server, how)
        before = counted(server)
        with platform(settings(server, tmp_path / "other")) as other:
            back_s = until(lambda: sees_what_another_wrote(one, other, numbers))
            back_s += until(lambda: counted(server) != before)
        flow.after(0.5)
    assert {each.status for each in flow.answers} == {200}
    usual_s = flow.slowest_s(normal_s, away_s)
    worst_s = flow.slowest_s(away_s)
    print(f"{flavour} {how}: {len(flow.answers)} usual {usual_s:.3f} s, worst {worst_s:.3f} s, back {back_s:.3f} s")
    assert worst_s < usual_s + TIMEOUT_MS / 1000 + ROOM_S
    assert back_s < BACK_S
