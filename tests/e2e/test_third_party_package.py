"""A backend, a cache and a plugin of somebody else's, installed as a package and named in the settings."""

import importlib
import shutil
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from danmu_tts.domain.audio import AudioFormat
from danmu_tts.ports import Backend, SpeechCache
from tests.builders.clock import FakeClock
from tests.builders.speech import KEY, a_speech
from tests.contract import test_backends as backend_promises
from tests.contract import test_caches as cache_promises
from tests.e2e.program import Server, command, environment
from tests.e2e.sound import decode, pitch_hz

EXAMPLE = Path(__file__).parent.parent / "example_package"
KOREAN_VOICE_HZ = 329.63
TIMEOUT_S = 60

KINDS = ("backend", "cache", "plugin")
FAULTS = {
    "raising": "RuntimeError: no licence file",
    "unimportable": "ModuleNotFoundError: No module named 'a_package_that_is_not_here'",
    "absent": " of that name is installed; known here: ",
}
BROKEN_MODULE = '''
def create(*context):
    """What cannot be made."""
    raise RuntimeError("no licence file")
'''


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the example package was installed to, as pip does it; nothing is built beside its source."""
    folder = tmp_path_factory.mktemp("example")
    source, target = shutil.copytree(EXAMPLE, folder / "source"), folder / "site-packages"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
    subprocess.run([*pip, "--no-deps", "--no-index", "--no-build-isolation", "--target", target, source], check=True)
    return target


@pytest.fixture(scope="module")
def settings(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return {
        "PYTHONPATH": str(installed),
        "DANMU_TTS_TTS__BACKENDS": "piper,hum",
        "DANMU_TTS_CACHE__TIERS": "memory,shelf,file",
        "DANMU_TTS_TTS__PLUGINS": "shout",
        "EXAMPLE_SHELF_PATH": str(tmp_path_factory.mktemp("shelf") / "shelf.sqlite3"),
    }


@pytest.fixture(scope="module")
def extended(settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The program with all three."""
    server = Server(tmp_path_factory.mktemp("extended"), **settings)
    server.start()
    yield server
    assert server.stop() == 0, server.log
    assert "Traceback" not in server.log


@pytest.fixture(scope="module")
def faulty_settings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Settings that name, of each kind, one whose factory raises, one that cannot be imported, one not installed."""
    folder = tmp_path_factory.mktemp("faulty")
    (folder / "faulty_raising.py").write_text(BROKEN_MODULE)
    (folder / "faulty_unimportable.py").write_text("import a_package_that_is_not_here\n")
    described = folder / "faulty-1.0.dist-info"
    described.mkdir()
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: faulty\nVersion: 1.0\n")
    sections = [
        f"[danmu_tts.{kind}s]\n"
        + "".join(f"{fault}-{kind} = faulty_{fault}:create\n" for fault in FAULTS if fault != "absent")
        for kind in KINDS
    ]
    (described / "entry_points.txt").write_text("\n".join(sections))
    named = {kind: ",".join(f"{fault}-{kind}" for fault in FAULTS) for kind in KINDS}
    return {
        "PYTHONPATH": str(folder),
        "DANMU_TTS_TTS__BACKENDS": f"{named['backend']},piper",
        "DANMU_TTS_CACHE__TIERS": f"{named['cache']},memory,file",
        "DANMU_TTS_TTS__PLUGINS": named["plugin"],
    }


@pytest.fixture(scope="module")
def faulty(faulty_settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The program with nine things that it cannot have."""
    server = Server(tmp_path_factory.mktemp("faulty-server"), **faulty_settings)
    server.start()
    yield server
    assert server.stop() == 0, server.log


def told(home: Path, settings: dict[str, str], *arguments: str) -> list[str]:
    """What a command says, line by line."""
    done = subprocess.run(
        [command(), *arguments],
        cwd=home,
        env=environment(home, COLUMNS="200", **settings),
        capture_output=True,
        check=True,
        timeout=TIMEOUT_S,
    )
    return done.stdout.decode().splitlines()


@pytest.fixture(scope="module")
def doctors_word(settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return told(tmp_path_factory.mktemp("doctor"), settings, "doctor")


@pytest.fixture(scope="module")
def doctors_complaint(faulty_settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return told(tmp_path_factory.mktemp("doctor"), faulty_settings, "doctor")


def answer(server: Server, method: str, path: str, **body: Any) -> dict[str, Any]:
    url = f"{server.base_url}{path}"
    response = httpx.request(method, url, json=body or None, timeout=TIMEOUT_S).raise_for_status()
    found: dict[str, Any] = response.json()
    return found


def spoken(server: Server, text: str, **fields: Any) -> dict[str, Any]:
    return answer(server, "POST", "/v1/speech", text=text, captions=True, **fields)


def words(speech: dict[str, Any]) -> str:
    return " ".join(caption["text"] for caption in speech["captions"])


def test_a_backend_speaks_by_its_name_alone(extended: Server) -> None:
    speech = spoken(extended, "안녕하세요, 여러분 반갑습니다!", backend="hum", format="wav")
    assert (speech["backend"], speech["voice"], speech["fallback_from"]) == ("hum", "hum:e", None)
    assert [caption["text"] for caption in speech["captions"]] == ["안녕하세요,", "여러분 반갑습니다!"]
    assert speech["captions"][-1]["end_ms"] == speech["audio"]["duration_ms"]
    samples, rate_hz = decode(httpx.get(speech["audio"]["url"]).raise_for_status().content, "wav")
    assert pitch_hz(samples, rate_hz) == pytest.approx(KOREAN_VOICE_HZ, rel=0.02)


def test_a_backend_is_found_by_the_language_that_nobody_else_speaks(extended: Server) -> None:
    assert spoken(extended, "좋은 노래 감사합니다")["backend"] == "hum"
    assert spoken(extended, "Thank you for the song.")["backend"] == "piper"


def test_a_backend_is_a_model_to_an_openai_client(extended: Server) -> None:
    assert "hum" in {model["id"] for model in answer(extended, "GET", "/v1/models")["data"]}
    body = {"model": "hum", "voice": "hum:c", "input": "Hello!", "response_format": "wav"}
    response = httpx.post(f"{extended.base_url}/v1/audio/speech", json=body)
    assert (response.status_code, response.headers["x-voice"]) == (200, "hum:c")


def test_a_backend_and_its_voices_are_listed(extended: Server) -> None:
    backends = {each["name"]: each for each in answer(extended, "GET", "/v1/backends")["backends"]}
    assert (backends["hum"]["status"], backends["hum"]["detail"]) == ("healthy", "3 voices")
    assert backends["hum"]["languages"] == ["en", "ko", "zh"]
    voices = answer(extended, "GET", "/v1/audio/voices?backend=hum")["voices"]
    assert {voice["id"]: voice["language"] for voice in voices} == {"hum:a": "zh", "hum:c": "en", "hum:e": "ko"}


def test_a_backends_voices_are_listed_on_the_command_line(tmp_path: Path, settings: dict[str, str]) -> None:
    listed = told(tmp_path, settings, "voices", "--language", "ko")
    assert [line.split()[:2] for line in listed[1:]] == [["hum:e", "ko"]]


def test_a_plugin_changes_what_is_said(extended: Server) -> None:
    assert words(spoken(extended, "gg everyone, well played!", backend="hum")) == "GOOD GAME EVERYONE, WELL PLAYED!"
    assert words(spoken(extended, "这局gg了", backend="hum")) == "这局GOOD GAME了"


def test_a_cache_and_a_plugin_are_shown_to_operators(extended: Server) -> None:
    spoken(extended, "One line at least.", backend="hum")
    health = answer(extended, "GET", "/health/detailed")
    assert health["status"] == "ok"
    assert health["plugins"] == [{"name": "shout", "kind": "plugin", "status": "active", "detail": "version 1.0.0"}]
    assert list(health["cache"]) == ["memory", "shelf", "file"]
    shelf = health["cache"]["shelf"]
    assert 0 < shelf["entries"] == health["cache"]["file"]["entries"]
    assert 0 < shelf["bytes"] < shelf["max_bytes"]


def test_the_doctor_lists_a_backend_and_a_plugin(doctors_word: list[str]) -> None:
    assert any(line.startswith("ok") and "Backend hum: 3 voices (en, ko, zh)" in line for line in doctors_word)
    assert any(line.startswith("ok") and "Plugin shout: version 1.0.0" in line for line in doctors_word)


def test_a_cache_answers_after_a_restart(settings: dict[str, str], tmp_path: Path) -> None:
    server = Server(tmp_path, **settings | {"EXAMPLE_SHELF_PATH": str(tmp_path / "shelf.sqlite3")})
    text = "This line outlives its process."
    server.start()
    made = spoken(server, text, backend="hum")
    assert server.stop() == 0
    shutil.rmtree(tmp_path / "cache" / "metadata")  # so that the file tier has forgotten it
    server.start()
    kept, again = spoken(server, text, backend="hum"), spoken(server, text, backend="hum")
    assert (made["cached"], kept["cached"], again["cached"]) == (None, "shelf", "memory")
    assert (kept["captions"], kept["audio"]["duration_ms"]) == (made["captions"], made["audio"]["duration_ms"])
    assert httpx.get(kept["audio"]["url"]).raise_for_status().content
    assert server.stop() == 0
    assert "Traceback" not in server.log


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_broken_is_reported(faulty: Server, doctors_complaint: list[str], kind: str, fault: str) -> None:
    health = answer(faulty, "GET", "/health/detailed")
    assert health["status"] == "degraded"
    (found,) = (each for each in health["plugins"] if each["name"] == f"{fault}-{kind}")
    assert (found["kind"], found["status"]) == (kind, "broken")
    assert FAULTS[fault] in found["detail"]
    (line,) = (line for line in doctors_complaint if f"{kind.capitalize()} {fault}-{kind}: " in line)
    assert line.startswith("missing")
    assert FAULTS[fault] in line


def test_the_name_that_is_not_installed_is_answered_with_those_that_are(faulty: Server) -> None:
    found = {each["name"]: each for each in answer(faulty, "GET", "/health/detailed")["plugins"]}
    assert found["absent-plugin"]["detail"].endswith(": raising-plugin, unimportable-plugin")
    assert "kokoro" in found["absent-backend"]["detail"]


def test_what_is_broken_keeps_nobody_from_speaking(faulty: Server) -> None:
    text = "Nothing of this is my fault."
    first, second = spoken(faulty, text), spoken(faulty, text)
    assert (first["backend"], first["fallback_from"], first["cached"]) == ("piper", None, None)
    assert second["cached"] == "memory"
    assert words(first) == text
    health = answer(faulty, "GET", "/health/detailed")
    assert [name for name, each in health["backends"].items() if each["status"] == "healthy"] == ["piper"]
    assert list(health["cache"]) == ["memory", "file"]
    assert "Traceback" not in faulty.log


def test_a_setting_that_a_cache_misses_is_named(tmp_path: Path, settings: dict[str, str]) -> None:
    said = told(tmp_path, settings | {"EXAMPLE_SHELF_PATH": "", "DANMU_TTS_TTS__BACKENDS": "hum"}, "doctor")
    assert any(line.startswith("missing") and "Cache shelf: ValueError: EXAMPLE_SHELF_PATH" in line for line in said)


@pytest.mark.parametrize("promise", [each for name, each in vars(backend_promises).items() if name.startswith("test_")])
async def test_the_backend_keeps_every_backends_promises(
    installed: Path, monkeypatch: pytest.MonkeyPatch, promise: Callable[[Backend], Awaitable[None]]
) -> None:
    monkeypatch.syspath_prepend(installed)
    await promise(importlib.import_module("danmu_tts_example.hum").HumBackend())


@pytest.fixture
def shelf(installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., SpeechCache]:
    """Makes the installed package's cache, on one file."""
    monkeypatch.syspath_prepend(installed)
    made: Callable[..., SpeechCache] = importlib.import_module("danmu_tts_example.shelf").Shelf
    return lambda **limits: made(tmp_path / "shelf.sqlite3", **limits)


@pytest.mark.parametrize("audio_format", AudioFormat)
async def test_the_cache_gives_back_every_field(shelf: Callable[..., SpeechCache], audio_format: AudioFormat) -> None:
    await cache_promises.test_gives_back_every_field(cache_promises.Tiers(shelf(), FakeClock()), audio_format)


@pytest.mark.parametrize(
    "promise",
    [
        cache_promises.test_speech_without_captions_comes_back_without,
        cache_promises.test_an_unknown_key_is_a_miss,
        cache_promises.test_the_last_write_is_what_is_read,
        cache_promises.test_what_is_larger_than_the_tier_is_refused,
        cache_promises.test_is_never_fuller_than_it_may_be,
        cache_promises.test_stats_name_each_tier_with_what_it_holds,
        cache_promises.test_an_empty_cache_has_stats,
        cache_promises.test_many_may_read_and_write_one_key_at_once,
    ],
)
async def test_the_cache_keeps_every_caches_promises(
    shelf: Callable[..., SpeechCache], promise: Callable[[cache_promises.Tiers], Awaitable[None]]
) -> None:
    cache = shelf(max_entries=4, max_audio_bytes=cache_promises.MAX_BYTES // 4)
    await promise(cache_promises.Tiers(cache, FakeClock()))


async def test_what_one_process_kept_another_finds(shelf: Callable[..., SpeechCache]) -> None:
    await shelf().set(KEY, a_speech())
    assert await shelf().get(KEY)


async def test_a_file_that_is_no_database_is_a_miss(shelf: Callable[..., SpeechCache], tmp_path: Path) -> None:
    (tmp_path / "shelf.sqlite3").write_bytes(b"not a database" * 100)
    cache = shelf()
    assert not await cache.set(KEY, a_speech())
    assert await cache.get(KEY) is None
    assert (await cache.stats())["shelf"]["entries"] == 0
