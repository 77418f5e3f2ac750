"""``danmu-tts say --stream``, as a person types it, against a running server."""

import signal
import subprocess
from pathlib import Path

import pytest

from tests.e2e.program import Server, command, environment
from tests.e2e.sound import PCM_RATE_HZ, duration_ms

TIMEOUT_S = 60
LONG = "This goes on for a while, and then for a while more. " * 15


def say(home: Path, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        [command(), "say", "--stream", *arguments],
        check=False,
        cwd=home,
        env=environment(home, COLUMNS="200"),
        capture_output=True,
        timeout=TIMEOUT_S,
    )


def test_audio_is_written_to_a_file_and_told_of_in_one_line(server: Server, tmp_path: Path) -> None:
    done = say(tmp_path, "Hello, stream!", "--server", server.base_url, "-o", "x.mp3")
    assert (done.returncode, done.stderr) == (0, b"")
    assert 300 < duration_ms((tmp_path / "x.mp3").read_bytes(), "mp3") < 5000
    assert done.stdout.decode().count("\n") == 1
    assert "first audio after" in done.stdout.decode()


def test_audio_is_written_to_standard_output_and_nothing_else(server: Server, tmp_path: Path) -> None:
    done = say(tmp_path, "Hello, stream!", "--server", server.base_url, "-o", "-", "--format", "pcm")
    assert (done.returncode, done.stderr) == (0, b"")
    assert 0.3 < len(done.stdout) / 2 / PCM_RATE_HZ < 5


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("!!!",), "invalid_request"),
        (("hello", "--voice", "bob"), "voice_not_found"),
        (("x" * 1001,), "invalid_request: text"),
    ],
)
def test_what_cannot_be_spoken_is_one_line_and_no_file(
    server: Server, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = say(tmp_path, *arguments, "--server", server.base_url, "-o", "x.mp3")
    assert done.returncode == 1
    assert said in done.stderr.decode()
    assert done.stderr.decode().count("\n") == 1
    assert not (tmp_path / "x.mp3").exists()


def test_without_a_server_it_is_said_how_to_start_one(tmp_path: Path) -> None:
    done = say(tmp_path, "hello", "--server", "http://127.0.0.1:9")
    assert done.returncode == 1
    assert "danmu-tts serve" in done.stderr.decode()


def test_ctrl_c_keeps_what_was_heard(server: Server, tmp_path: Path) -> None:
    arguments = ["say", "--stream", LONG, "--server", server.base_url, "-o", "-", "--format", "pcm"]
    process = subprocess.Popen(
        [command(), *arguments], cwd=tmp_path, env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    heard = process.stdout.read(1000)
    process.send_signal(signal.SIGINT)
    rest, said = process.communicate(timeout=TIMEOUT_S)
    assert len(heard) == 1000
    assert process.returncode == 130
    assert "Cancelled" in said.decode()
    assert len(rest) / 2 / PCM_RATE_HZ < 40
