"""``danmu-tts spend`` and the server share one ledger, which outlives both."""

from pathlib import Path

import httpx

from tests.e2e.program import ENGLISH_ONLY, Server, make_key
from tests.e2e.test_cli import run

TEXT = "Hello there"


def test_what_a_month_came_to_is_shown_by_backend_and_room(tmp_path: Path) -> None:
    server = Server(tmp_path, DANMU_TTS_SECURITY__API_KEYS="on", **ENGLISH_ONLY)
    server.start()
    try:
        key = make_key(tmp_path, "--scope", "speak")
        headers = {"authorization": f"Bearer {key}"}
        for _ in range(2):
            httpx.post(
                f"{server.base_url}/v1/speech", json={"text": TEXT, "room": "evening"}, headers=headers, timeout=60
            ).raise_for_status()
    finally:
        server.stop()
    shown = run(tmp_path, "spend")
    assert shown.returncode == 0
    lines = {line.split()[0]: line.split()[1:] for line in shown.stdout.decode().splitlines() if line.strip()}
    for who in ("all", "backend/piper", f"key/{key.split('_')[1]}", "room/evening"):
        assert lines[who] == [str(len(TEXT)), "0", "0.0000"], lines


def test_a_month_without_anything_is_no_error(tmp_path: Path) -> None:
    done = run(tmp_path, "spend", "--month", "2020-01")
    assert (done.returncode, done.stdout) == (0, b"")
    assert b"Nothing" in done.stderr


def test_what_is_no_month_is_said(tmp_path: Path) -> None:
    done = run(tmp_path, "spend", "--month", "november")
    assert done.returncode == 2
    assert b"2026-11" in done.stderr
