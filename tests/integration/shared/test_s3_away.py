"""Requests at a steady pace while S3 goes and comes back: audio comes inline meanwhile, and nobody fails."""

from pathlib import Path

import pytest

from danmu_tts.settings import Settings
from tests.integration.shared.traffic import platform, traffic, until
from tests.servers.s3_server import BUCKET, S3Server

TIMEOUT_MS = 1000
# S3's client tries twice, and the tier waits for both.
PATIENCE_S = TIMEOUT_MS / 1000
ROOM_S = 0.6
WARM_S, NORMAL_S, AWAY_S = 2.0, 2.0, 4.0


def settings(home: Path) -> Settings:
    return Settings.model_validate(
        {
            "s3": {"bucket": BUCKET, "timeout_ms": TIMEOUT_MS},
            "cache": {"directory": home / "cache"},
            "limits": {"key_requests": 0, "key_characters": 0},
        }
    )


@pytest.mark.parametrize("how", ["stop", "pause"])
def test_audio_comes_inline_while_s3_is_away(
    how: str, own_s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", own_s3.url)
    with platform(settings(tmp_path)) as one, traffic(one, a_second=10) as flow:
        normal_s = flow.after(WARM_S)
        away_s = flow.after(NORMAL_S)
        own_s3.pause() if how == "pause" else own_s3.stop()
        gone_s = flow.after(PATIENCE_S + ROOM_S)
        back_s = flow.after(AWAY_S - PATIENCE_S)
        own_s3.resume() if how == "pause" else own_s3.start()
        took_s = until(lambda: not flow.answers[-1].is_inline)
        flow.after(0.5)
    usual_s, worst_s = flow.slowest_s(normal_s, away_s), flow.slowest_s(away_s)
    print(f"{how}: {len(flow.answers)} usual {usual_s:.3f} s, worst {worst_s:.3f} s, links again after {took_s:.3f} s")
    assert {each.status for each in flow.answers} == {200}
    assert not any(each.is_inline for each in flow.between(normal_s, away_s - usual_s))
    assert all(each.is_inline for each in flow.between(gone_s, back_s - ROOM_S))
    assert not flow.answers[-1].is_inline
    assert worst_s < usual_s + PATIENCE_S + ROOM_S
