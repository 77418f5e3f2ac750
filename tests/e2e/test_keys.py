"""API keys as an operator makes, uses and withdraws them."""

import json
import os
import socket
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import openai
import pytest

from tests.e2e.program import ENGLISH_ONLY, Server, command, environment, make_key
from tests.e2e.wire_errors import assert_error

TIMEOUT_S = 60


def keys(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [command(), "keys", *arguments],
        check=False,
        cwd=home,
        env=environment(home, COLUMNS="200"),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )


def id_of(key: str) -> str:
    return key.split("_")[1]


def bearer(credential: str) -> dict[str, str]:
    return {"authorization": f"Bearer {credential}"}


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that wants a key from everybody, this machine included."""
    strict = Server(tmp_path_factory.mktemp("strict"), DANMU_TTS_SECURITY__API_KEYS="on", **ENGLISH_ONLY)
    strict.start()
    yield strict
    assert strict.stop() == 0, strict.log


@pytest.fixture(scope="module")
def stranger(strict: Server) -> Iterator[httpx.Client]:
    """Somebody without a key."""
    with httpx.Client(base_url=strict.base_url, timeout=TIMEOUT_S) as client:
        yield client


def test_a_key_is_made_used_and_revoked(strict: Server, stranger: httpx.Client) -> None:
    assert_error(stranger.get("/v1/models"), 401, "unauthorized")
    key = make_key(strict.home, "--scope", "speak")
    headers = bearer(key)
    spoken = stranger.post("/v1/speech", json={"text": "hello"}, headers=headers)
    assert spoken.status_code == 200
    assert httpx.get(spoken.json()["audio"]["url"]).status_code == 200  # signed, so a page can play it
    assert_error(stranger.get("/metrics", headers=headers), 403, "forbidden")
    assert keys(strict.home, "revoke", id_of(key)).returncode == 0
    # The server may remember it for ten seconds; one that has not met it yet does not take it.
    unseen = make_key(strict.home)
    assert keys(strict.home, "revoke", id_of(unseen)).returncode == 0
    refused = stranger.get("/v1/models", headers=bearer(unseen))
    assert_error(refused, 401, "unauthorized")
    assert refused.headers["www-authenticate"] == "Bearer"


def test_a_rotated_key_is_good_by_its_new_secret_only(strict: Server, stranger: httpx.Client) -> None:
    old = make_key(strict.home)
    done = keys(strict.home, "rotate", id_of(old))
    new = done.stdout.strip()
    assert (done.returncode, id_of(new)) == (0, id_of(old))
    assert_error(stranger.get("/v1/models", headers=bearer(old)), 401, "unauthorized")
    assert stranger.get("/v1/models", headers={"x-api-key": new}).status_code == 200


def test_an_openai_client_brings_its_key(strict: Server) -> None:
    base_url = f"{strict.base_url}/v1"
    with openai.OpenAI(base_url=base_url, api_key=make_key(strict.home), max_retries=0, timeout=TIMEOUT_S) as client:
        assert "auto" in [model.id for model in client.models.list()]
    with (
        openai.OpenAI(base_url=base_url, api_key="unused", max_retries=0, timeout=TIMEOUT_S) as client,
        pytest.raises(openai.AuthenticationError, match="keys create"),
    ):
        client.models.list()


def test_a_room_token_is_known_and_may_not_speak(strict: Server, stranger: httpx.Client) -> None:
    key = make_key(strict.home)
    done = keys(strict.home, "room-token", "my-room", "--key", id_of(key), "--role", "console", "--days", "1")
    assert "console of room my-room" in done.stderr
    headers = bearer(done.stdout.strip())
    assert stranger.get("/v1/models", headers=headers).status_code == 200
    assert_error(stranger.post("/v1/speech", json={"text": "hello"}, headers=headers), 403, "forbidden")


def test_this_machine_needs_no_key_but_a_wrong_one_is_wrong(client: httpx.Client) -> None:
    assert client.get("/v1/models").status_code == 200
    assert client.get("/v1/models", headers=bearer("unused")).status_code == 200
    assert_error(client.get("/v1/models", headers=bearer("danmu_wrong")), 401, "unauthorized")


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"x-forwarded-for": "192.0.2.1"},
        {"forwarded": "for=x"},
        {"origin": "https://evil.example"},
    ],
    ids=lambda headers: next(iter(headers)),
)
def test_who_comes_by_this_machine_from_elsewhere_needs_a_key(client: httpx.Client, headers: dict[str, str]) -> None:
    assert_error(client.get("/v1/models", headers=headers), 401, "unauthorized")


def test_a_caller_of_the_local_network_needs_a_key(tmp_path: Path) -> None:
    address = lan_address()
    server = Server(tmp_path, DANMU_TTS_SERVER__HOST="0.0.0.0", **ENGLISH_ONLY)
    server.start()
    try:
        url = server.base_url.replace("127.0.0.1", address)
        assert_error(httpx.get(f"{url}/v1/models"), 401, "unauthorized")
        assert httpx.get(f"{url}/v1/models", headers=bearer(make_key(tmp_path))).status_code == 200
        assert httpx.get(f"{server.base_url}/v1/models").status_code == 200
    finally:
        server.kill()


def lan_address() -> str:
    """An address of this machine that is not loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            pytest.skip("this machine is on no network")
        return str(probe.getsockname()[0])


def test_creating_prints_the_key_alone_on_standard_output(tmp_path: Path) -> None:
    done = keys(tmp_path, "create", "bot")
    key = done.stdout.removesuffix("\n")
    assert len(key.split("_")) == 3
    assert key.isascii()
    assert id_of(key) in done.stderr
    assert "only time" in done.stderr
    assert key not in done.stderr
    (path,) = (tmp_path / "keys").iterdir()
    assert key.split("_")[2] not in path.read_text()
    if os.name != "nt":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_options_reach_the_record(tmp_path: Path) -> None:
    limits = ["--requests-per-minute", "60", "--characters-per-minute", "6000"]
    budgets = ["--monthly-characters", "100000", "--monthly-usd", "2.5"]
    key = keys(
        tmp_path, "create", "bot", "--scope", "speak", "--scope", "danmu", *limits, *budgets, "--expires-days", "30"
    ).stdout.strip()
    kept = json.loads((tmp_path / "keys" / f"{id_of(key)}.json").read_text())
    assert sorted(kept["scopes"]) == ["danmu", "speak"]
    assert (kept["requests_per_minute"], kept["characters_per_minute"]) == (60, 6000)
    assert (kept["monthly_characters"], kept["monthly_usd"]) == (100_000, 2.5)
    assert kept["expires_at"] - kept["created_at"] == 30 * 24 * 3600


def test_the_list_shows_states_and_limits_and_no_secret(tmp_path: Path) -> None:
    good = keys(tmp_path, "create", "[bold]bot[/]", "--monthly-usd", "2.5").stdout.strip()
    revoked = make_key(tmp_path)
    keys(tmp_path, "revoke", id_of(revoked))
    done = keys(tmp_path, "list")
    lines = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert "active" in lines[id_of(good)]
    assert "[bold]bot[/]" in lines[id_of(good)]
    assert "$2.5/month" in lines[id_of(good)]
    assert "revoked" in lines[id_of(revoked)]
    for key in (good, revoked):
        assert key.split("_")[2] not in done.stdout + done.stderr
    for path in (tmp_path / "keys").iterdir():
        assert json.loads(path.read_text())["token_secret"] not in done.stdout + done.stderr


def test_what_limits_a_key_without_limits_of_its_own_is_said(tmp_path: Path) -> None:
    settings = {"DANMU_TTS_LIMITS__KEY_REQUESTS", "DANMU_TTS_LIMITS__KEY_CHARACTERS"}

    def named(done: subprocess.CompletedProcess[str]) -> set[str]:
        return {setting for setting in settings if setting in done.stdout + done.stderr}

    assert named(keys(tmp_path, "create", "--help")) == settings
    make_key(tmp_path, "--requests-per-minute", "60", "--characters-per-minute", "6000")
    assert named(keys(tmp_path, "list")) == set()
    make_key(tmp_path, "--requests-per-minute", "60")
    assert named(keys(tmp_path, "list")) == settings


def test_no_keys_yet_is_said(tmp_path: Path) -> None:
    done = keys(tmp_path, "list")
    assert (done.returncode, done.stdout) == (0, "")
    assert "keys create" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["revoke", "aaaaaaaaaaaa"], "No API key has the id aaaaaaaaaaaa"),
        (["rotate", "nobody"], "That is no API key's id"),
        (["room-token", "my-room", "--key", "aaaaaaaaaaaa"], "No API key has the id"),
        (["create", "two\nlines"], "A key's name"),
        (["create", "x" * 100], "A key's name"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(tmp_path: Path, arguments: list[str], said: str) -> None:
    done = keys(tmp_path, *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert said in line


def test_a_room_of_a_bad_name_or_a_dead_key_gets_no_token(tmp_path: Path) -> None:
    key_id = id_of(make_key(tmp_path))
    bad_room = keys(tmp_path, "room-token", "my room", "--key", key_id)
    keys(tmp_path, "revoke", key_id)
    dead_key = keys(tmp_path, "room-token", "my-room", "--key", key_id)
    for done, said in ((bad_room, "A room is"), (dead_key, "is revoked")):
        assert (done.returncode, done.stdout) == (1, "")
        assert said in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("a file where the folder should be")
    done = keys(tmp_path, "create", "bot")
    assert (done.returncode, done.stdout) == (1, "")
    assert "The API keys cannot be written now" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("option", ["--scope=root", "--requests-per-minute=0", "--monthly-usd=-1", "--expires-days=0"])
def test_an_option_that_makes_no_sense_is_refused(tmp_path: Path, option: str) -> None:
    done = keys(tmp_path, "create", "bot", option)
    assert (done.returncode, done.stdout) == (2, "")
    assert not (tmp_path / "keys").exists()


def test_switching_keys_off_on_lambda_is_refused(tmp_path: Path) -> None:
    done = subprocess.run(
        [command(), "voices"],
        check=False,
        cwd=tmp_path,
        env=environment(tmp_path, DANMU_TTS_SECURITY__API_KEYS="off", AWS_LAMBDA_FUNCTION_NAME="danmu-tts"),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )
    assert done.returncode == 1
    assert "DANMU_TTS_SECURITY__API_KEYS" in done.stderr
