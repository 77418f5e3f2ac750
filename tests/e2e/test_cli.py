"""The command line, as a person types it."""

import io
import os
import socket
import stat
import subprocess
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import soundfile

from danmu_tts import __version__
from tests.e2e.program import command, environment, make_key
from tests.e2e.sound import duration_ms

TIMEOUT_S = 60


def run(
    home: Path, *arguments: str, given: bytes | None = None, settings: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [command(), *arguments],
        check=False,
        cwd=home,
        env=environment(home, COLUMNS="200", **(settings or {})),
        input=given,
        capture_output=True,
        timeout=TIMEOUT_S,
    )


def only_line(output: bytes) -> str:
    """The one line that was said."""
    lines = output.decode().splitlines()
    assert len(lines) == 1, lines
    return lines[0]


def test_say_writes_the_file_and_tells_in_one_line(tmp_path: Path) -> None:
    done = run(tmp_path, "say", "hello", "-o", "x.wav")
    assert (done.returncode, done.stderr) == (0, b"")
    assert soundfile.info(str(tmp_path / "x.wav")).format == "WAV"
    assert duration_ms((tmp_path / "x.wav").read_bytes(), "wav") > 300
    said = only_line(done.stdout)
    assert said.startswith("x.wav: ")
    assert "piper:en_US-joe-medium" in said


def test_say_twice_takes_it_from_the_cache(tmp_path: Path) -> None:
    run(tmp_path, "say", "hello", "-o", "first.flac")
    done = run(tmp_path, "say", "hello", "-o", "second.flac")
    assert "from the file cache" in only_line(done.stdout)
    assert (tmp_path / "first.flac").read_bytes() == (tmp_path / "second.flac").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "written", "container"),
    [
        (["-o", "x.flac"], "x.flac", "FLAC"),
        (["-o", "x.MP3"], "x.MP3", "MP3"),
        (["-o", "x.opus"], "x.opus", "OGG"),
        (["-o", "x.bin", "--format", "wav"], "x.bin", "WAV"),
        (["-o", "x.wav", "--format", "FLAC"], "x.wav", "FLAC"),
        ([], "speech.mp3", "MP3"),
    ],
)
def test_the_suffix_or_the_option_names_the_format(
    tmp_path: Path, arguments: list[str], written: str, container: str
) -> None:
    assert run(tmp_path, "say", "hello", *arguments).returncode == 0
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [written]
    assert soundfile.info(io.BytesIO((tmp_path / written).read_bytes())).format == container


def test_a_dash_writes_nothing_but_audio_to_standard_output(tmp_path: Path) -> None:
    done = run(tmp_path, "say", "hello", "-o", "-", "--format", "wav")
    assert (done.returncode, done.stderr) == (0, b"")
    samples, _ = soundfile.read(io.BytesIO(done.stdout))
    assert np.abs(samples).max() > 0.5
    assert done.stdout.startswith(b"RIFF")
    assert int.from_bytes(done.stdout[4:8], "little") == len(done.stdout) - 8


def test_a_dash_reads_the_text_from_standard_input(tmp_path: Path) -> None:
    done = run(tmp_path, "say", "-", "-o", "x.wav", given="你好，直播间\n".encode())
    assert "kokoro:zh" in only_line(done.stdout)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["say", "…！", "-o", "x.wav"], "nothing to say"),
        (["say", "", "-o", "x.wav"], "nothing to say"),
        (["say", "hello", "--voice", "nobody", "-o", "x.wav"], "voice_not_found"),
        (["say", "hello", "-o", "no-such-folder/x.wav"], "Cannot write"),
        (["models", "fetch", "xtts-v2"], "--accept-licence"),
        (["models", "fetch", "zh_CN-huayan-medum"], "did you mean zh_CN-huayan-medium"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(tmp_path: Path, arguments: list[str], code: str) -> None:
    done = run(tmp_path, *arguments)
    assert (done.returncode, done.stdout) == (1, b"")
    assert code in only_line(done.stderr)
    assert not (tmp_path / "x.wav").exists()


def test_an_unknown_format_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    done = run(tmp_path, "say", "hello", "--format", "ogg")
    assert done.returncode == 2
    assert b"opus" in done.stderr


def test_voices_are_listed_and_filtered(tmp_path: Path) -> None:
    everyone = run(tmp_path, "voices").stdout.decode()
    assert "piper:en_US-joe-medium" in everyone
    assert "kokoro:zh-" in everyone
    chinese = run(tmp_path, "voices", "--language", "zh").stdout.decode()
    assert "piper:en_US-joe-medium" not in chinese
    assert "kokoro:zh-" in chinese


def test_models_are_listed_with_their_licences(tmp_path: Path) -> None:
    listed = run(tmp_path, "models", "list").stdout.decode()
    assert "zh_CN-huayan-medium" in listed
    xtts = next(line for line in listed.splitlines() if "xtts-v2" in line)
    assert "CPML" in xtts


def test_fetching_shows_the_licence_to_accept(tmp_path: Path) -> None:
    said = only_line(run(tmp_path, "models", "fetch", "xtts-v2").stderr)
    assert "https://" in said
    assert not (tmp_path / "models").exists()


def test_the_doctor_finds_both_backends_well(tmp_path: Path) -> None:
    done = run(tmp_path, "doctor")
    assert (done.returncode, done.stderr) == (0, b"")
    lines = done.stdout.decode().splitlines()
    assert any(line.startswith("ok") and "Backend piper" in line for line in lines)
    assert any(line.startswith("ok") and "Backend kokoro" in line for line in lines)


def test_the_doctor_names_a_setting_that_does_not_exist(tmp_path: Path) -> None:
    done = run(
        tmp_path, "doctor", settings={"DANMU_TTS_TTS__DEFAULT_LANGAUGE": "en", "DANMU_TTS_TTS__BACKENDS": '["piper"]'}
    )
    assert done.returncode == 0
    flagged = [line for line in done.stdout.decode().splitlines() if line.startswith("missing")]
    assert len(flagged) == 1
    assert "DANMU_TTS_TTS__DEFAULT_LANGAUGE" in flagged[0]


def test_the_doctor_fails_where_nothing_speaks_and_says_why(tmp_path: Path) -> None:
    done = run(tmp_path, "doctor", settings={"DANMU_TTS_TTS__BACKENDS": "[]"})
    assert done.returncode == 1
    assert b"DANMU_TTS_TTS__BACKENDS names no backend" in done.stdout


def test_the_doctor_names_a_default_voice_that_is_not_here(tmp_path: Path) -> None:
    done = run(
        tmp_path,
        "doctor",
        settings={"DANMU_TTS_TTS__DEFAULT_VOICES": '{"en": "piper:nobody"}', "DANMU_TTS_TTS__BACKENDS": "piper"},
    )
    assert b"missing Default voice for en: piper:nobody is no voice here" in done.stdout


def findings(home: Path, **settings: str) -> list[str]:
    return run(home, "doctor", settings={"DANMU_TTS_TTS__BACKENDS": "[]"} | settings).stdout.decode().splitlines()


def test_the_doctor_counts_the_keys_and_this_months_dollars(tmp_path: Path) -> None:
    before = findings(tmp_path)
    assert any(line.startswith(f"ok      API keys: 0 in {tmp_path / 'keys'}") for line in before)
    assert "ok      Ledger: $0.00 this month" in before
    if os.name != "nt":
        assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    make_key(tmp_path)
    after = findings(tmp_path, DANMU_TTS_BUDGET__MONTHLY_USD="2.5")
    assert any(line.startswith(f"ok      API keys: 1 in {tmp_path / 'keys'}") for line in after)
    assert "ok      Ledger: $0.00 this month, of $2.5" in after


def test_the_doctor_says_what_is_wrong_with_the_keys_and_the_ledger(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("a file where the folder should be")
    (tmp_path / "data" / "spend.sqlite3").mkdir(parents=True)
    said = "\n".join(findings(tmp_path))
    assert "missing API keys: The API keys cannot be read now: Not a directory." in said
    assert "missing Ledger: What was spent cannot be" in said


def test_the_doctor_finds_a_bucket_of_keys_that_cannot_be_reached(tmp_path: Path) -> None:
    aws = {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    said = "\n".join(findings(tmp_path, DANMU_TTS_S3__BUCKET="danmu-tts-keys", **aws))
    assert "missing API keys: The API keys cannot be reached now: EndpointConnectionError." in said


def test_serving_on_a_taken_port_is_refused_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run(tmp_path, "serve", "--port", str(port))
    assert (done.returncode, done.stdout) == (1, b"")
    assert f"Port {port} on 127.0.0.1 is already in use" in only_line(done.stderr)


@pytest.mark.parametrize("command_name", ["voices", "doctor", "serve"])
@pytest.mark.parametrize(
    ("name", "value"), [("DANMU_TTS_SERVER__PORT", "eighty"), ("DANMU_TTS_TTS__DEFAULT_VOICES", "piper")]
)
def test_a_setting_that_cannot_be_read_is_named(tmp_path: Path, command_name: str, name: str, value: str) -> None:
    done = run(tmp_path, command_name, settings={name: value})
    assert done.returncode == 1
    assert name in done.stderr.decode()
    assert b"Traceback" not in done.stderr


def test_a_full_disk_behind_standard_output_is_said_in_one_line(tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [command(), "say", "hello", "-o", "-"],
            check=False,
            cwd=tmp_path,
            env=environment(tmp_path),
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=TIMEOUT_S,
        )
    assert done.returncode == 1
    assert "No space left" in only_line(done.stderr)


def test_the_version_is_printed(tmp_path: Path) -> None:
    done = run(tmp_path, "--version")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode().strip() == __version__


def test_settings_that_are_not_utf8_are_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes("DANMU_TTS_SERVER__PORT=9001\n".encode("utf-16"))
    done = run(tmp_path, "voices")
    assert done.returncode == 1
    assert "UTF-8" in only_line(done.stderr)


def test_the_doctor_reads_the_env_file_too(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("DANMU_TTS_TTS__DEFAULT_LANGUGE=en\nDANMU_TTS_TTS__BACKENDS=piper\n")
    assert b"DANMU_TTS_TTS__DEFAULT_LANGUGE" in run(tmp_path, "doctor").stdout
