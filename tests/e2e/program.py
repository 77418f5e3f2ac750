"""The program as its user starts it: a process of its own, told what it needs by its environment."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

_START_TIMEOUT_S = 60
_STOP_TIMEOUT_S = 30

ENGLISH_ONLY = {"DANMU_TTS_TTS__BACKENDS": "piper"}
"""Settings of a server that nobody asks for more: loading the other voices takes twice as long as all else."""


def command() -> str:
    """The installed ``danmu-tts``."""
    found = shutil.which("danmu-tts", path=Path(sys.executable).parent)
    assert found, "danmu-tts is not installed in this environment"
    return found


def environment(home: Path, **settings: str) -> dict[str, str]:
    """This process's environment with everything that the program keeps below ``home``."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DANMU_TTS_") and name != "PORT"}
    folders = {
        "DANMU_TTS_BUDGET__FILE": str(home / "data" / "spend.sqlite3"),
        "DANMU_TTS_CACHE__DIRECTORY": str(home / "cache"),
        "DANMU_TTS_MODELS__DIRECTORY": str(home / "models"),
        "DANMU_TTS_ROOMS__DIRECTORY": str(home / "rooms"),
        "DANMU_TTS_XTTS__LOCAL_DIRECTORY": str(home / "xtts"),
        "DANMU_TTS_SECURITY__KEYS_DIRECTORY": str(home / "keys"),
    }
    return kept | folders | settings


def make_key(home: Path, *options: str) -> str:
    """An API key for whatever runs on ``home``, made as its operator makes it."""
    return run_keys(home, environment(home), "create", "test", *options)


def run_keys(home: Path, env: Mapping[str, str], *arguments: str) -> str:
    """Run ``danmu-tts keys``, which must be able to; what it prints."""
    done = subprocess.run(
        [command(), "keys", *arguments],
        check=False,
        cwd=home,
        env=env,
        capture_output=True,
        text=True,
        timeout=_START_TIMEOUT_S,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


class Server:
    """``danmu-tts serve``. Started again, it finds what it kept in ``home``, at another address unless ``port`` is set.

    Settings are environment variables, beside or in place of those that every test's program gets.
    """

    def __init__(self, home: Path, **settings: str) -> None:
        self.home = home
        self.port = 0
        self._settings = settings
        self.base_url = ""
        self._log_path = home / "serve.log"
        self._process: subprocess.Popen[str] | None = None

    @property
    def log(self) -> str:
        """Everything written to stderr so far, in all runs."""
        return self._log_path.read_text("utf-8")

    def start(self) -> None:
        """Return when it says that it is ready."""
        with self._log_path.open("a") as stderr:
            process = subprocess.Popen(
                [command(), "serve", "--port", str(self.port)],
                cwd=self.home,
                env=environment(self.home, **self._settings),
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )
        self._process = process
        assert process.stdout is not None
        watchdog = threading.Timer(_START_TIMEOUT_S, process.kill)
        watchdog.start()
        said = process.stdout.readline()
        watchdog.cancel()
        assert "ready at http://" in said, f"said {said!r} and logged: {self.log}"
        self.base_url = said.partition("ready at ")[2].split()[0]

    def stop(self) -> int:
        """End it as Ctrl-C does; the exit code."""
        return self._end(signal.SIGINT)

    def terminate(self) -> int:
        """End it as an init system does; the exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> int:
        """End it as a power cut does."""
        return self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> int:
        process = self._process
        if process is None:
            return 0
        self._process = None
        process.send_signal(number)
        try:
            process.communicate(timeout=_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise
        return process.returncode
