import re
import socket
from pathlib import Path

import pytest

from danmu_tts import process_loop
from danmu_tts.bootstrap.stores import make_keys
from danmu_tts.domain.access import Keyless
from danmu_tts.services.access import Access
from danmu_tts.settings import SecuritySettings, Settings
from infra.deploy import sam_local
from infra.deploy.sam_local import find_containers
from tests.integration.infra.deploy.conftest import Desk

pytestmark = pytest.mark.aws


def test_without_containers_it_says_who_brings_them_and_what_needs_none(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    done = desk.type("sam-local")
    assert done.exit_code == 1
    assert "nothing here runs containers.\nDocker Desktop, Docker Engine or podman." in done.output


def test_the_key_that_it_shows_is_the_one_that_its_function_finds(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///somewhere")
    monkeypatch.setattr(sam_local, "_LAYER", tmp_path / "layer")
    done = desk.type("sam-local", "--port", "3001", "--edge-voices")
    assert done.exit_code == 0, done.output
    _, served = desk.sam.runs
    assert served.arguments[:2] == ["local", "start-api"]
    assert served.parameters["EdgeVoices"] == "true"
    key = re.search(r"http://127.0.0.1:3001/\S+ -H 'authorization: Bearer (danmu_\S+)'", done.output)
    assert key, done.output
    keys = make_keys(Settings(security=SecuritySettings(keys_directory=tmp_path / "layer" / "keys")))
    assert process_loop.run(Access(keys, Keyless.NOBODY).identify(key[1], local=False)).key_id


def test_what_stops_sam_is_a_failure(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///somewhere")
    monkeypatch.setattr(sam_local, "_LAYER", tmp_path / "layer")
    sam = tmp_path / "sam"
    sam.write_text("#!/bin/sh\n[ $1 = build ] || { echo Address already in use >&2; exit 1; }\n")
    done = desk.type("sam-local")
    assert done.exit_code == 1
    assert "`sam local` ended; it says why above." in done.output


@pytest.mark.parametrize("is_podman", [False, True], ids=["docker", "podman by the name of docker"])
def test_sam_is_told_where_containers_are_run(is_podman: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = f"unix://{tmp_path / 'socket'}"
    told = "podman info" if is_podman else "docker context"
    for name in ("docker", "podman"):
        program = tmp_path / name
        program.write_text(f'#!/bin/sh\n[ "{name} $1" != "{told}" ] || echo {address}\n')
        program.chmod(0o700)
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(address.removeprefix("unix://"))
        assert find_containers() == {"DOCKER_HOST": address}
