"""``compose.yaml``, the images and the proxy's configuration agree with each other and with the settings."""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from pydantic import BaseModel
from typer.main import get_command

from danmu_tts.settings import Settings
from gpu_service.settings import Settings as GpuSettings
from infra.local.cli import app

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
IMAGE = (ROOT / "infra/local/Dockerfile").read_text("utf-8")
GPU_IMAGE = (ROOT / "gpu_service/Dockerfile").read_text("utf-8")
CADDYFILE = (ROOT / "infra/local/compose/Caddyfile").read_text("utf-8")


def instruction(name: str, dockerfile: str = IMAGE) -> str:
    """The last instruction of that name, without its line breaks."""
    *_, last = re.finditer(rf"^{name} ((?:.*\\\n)*.*)", dockerfile, re.MULTILINE)
    return last[1].replace("\\\n", " ")


def variables(dockerfile: str = IMAGE) -> dict[str, str]:
    """What the image that is run sets."""
    return dict(pair.split("=", 1) for pair in instruction("ENV", dockerfile).split())


def port_of(url: str) -> int:
    return int(urlsplit(url).port or 0)


def settings_of(names: dict[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in names.items() if name.startswith("DANMU_TTS_")}


def is_setting(variable: str) -> bool:
    section, _, field = variable.removeprefix("DANMU_TTS_").lower().partition("__")
    if section == "gpu":
        return field in GpuSettings.model_fields
    found: BaseModel | None = getattr(Settings(), section, None)
    return found is not None and field in type(found).model_fields


@pytest.mark.parametrize("service", ["gateway", "aws", "xtts"])
def test_what_is_set_is_a_setting_and_may_be_what_it_is(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    image = GPU_IMAGE if service == "xtts" else IMAGE
    given = settings_of(variables(image) | SERVICES[service]["environment"])
    assert given, "nothing to look at"
    assert [name for name in given if not is_setting(name)] == []
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert GpuSettings() if service == "xtts" else Settings()


def paths(of: BaseModel) -> Iterator[Path]:
    for value in dict(of).values():
        if isinstance(value, BaseModel):
            yield from paths(value)
        elif isinstance(value, Path):
            yield value


def test_all_that_is_kept_lies_in_the_volume(monkeypatch: pytest.MonkeyPatch) -> None:
    volume = instruction("VOLUME")
    for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, variables()[name])
    kept = list(paths(Settings()))
    assert kept, "settings have folders"
    assert [path for path in kept if not path.is_relative_to(volume)] == []
    for service in ("gateway", "aws"):
        assert SERVICES[service]["volumes"] == [f"data:{volume}"], "all of them share it"
    assert SERVICES["xtts"]["volumes"][0].split(":")[-2] == instruction("VOLUME", GPU_IMAGE)


def test_the_proxy_is_all_that_is_published() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]


def test_ports_agree() -> None:
    port = instruction("EXPOSE")
    assert json.loads(instruction("CMD")) == ["serve", "--host", "0.0.0.0", "--port", port]
    assert f"http://127.0.0.1:{port}/health" in instruction("HEALTHCHECK")
    assert re.findall(r"dynamic a (\w+) (\d+)", CADDYFILE) == [("gateway", port)]
    (listens,) = re.findall(r"^:(\d+) \{$", CADDYFILE, re.MULTILINE)
    assert SERVICES["proxy"]["ports"] == [f"${{PORT:-{Settings().server.port}}}:{listens}"]


def test_gateways_and_the_gpu_service_find_the_same_queues() -> None:
    url = SERVICES["gateway"]["environment"]["DANMU_TTS_XTTS__LOCAL_URL"]
    assert SERVICES["xtts"]["environment"]["AWS_ENDPOINT_URL"] == url
    assert urlsplit(url).hostname in SERVICES
    assert port_of(url) == SERVICES["aws"]["environment"]["DANMU_TTS_XTTS__LOCAL_PORT"]
    assert str(port_of(url)) in str(SERVICES["aws"]["healthcheck"]["test"])
    assert urlsplit(SERVICES["gateway"]["environment"]["DANMU_TTS_REDIS__URL"]).hostname in SERVICES


def test_the_proxy_lets_nobody_speak_to_connections() -> None:
    (matcher, found) = re.findall(r"(@\w+) path (.+)", CADDYFILE)[0]
    assert found.split() == ["/@connections", "/@connections/*"], "see infra.local.gateway"
    assert re.search(rf"^\trespond {matcher} 404$", CADDYFILE, re.MULTILINE)


def test_the_command_that_compose_gives_is_one() -> None:
    command = SERVICES["aws"]["command"].split()[0]
    assert json.loads(instruction("ENTRYPOINT")) == ["danmu-tts"]
    assert command in get_command(app).commands  # type: ignore[attr-defined]


def test_the_image_is_made_of_all_that_the_package_is_made_of() -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]
    copied = (ROOT / "infra/local/Dockerfile.dockerignore").read_text("utf-8").splitlines()
    assert [part for part in wheel["packages"] if not any(line.startswith(f"!{part}") for line in copied)] == []


@pytest.mark.parametrize("name", SERVICES)
def test_nobody_has_more_rights_than_needed(name: str) -> None:
    service = SERVICES[name]
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service.get("user", "0") != "0" or "build" in service
    assert instruction("USER") == instruction("USER", GPU_IMAGE) == "10001"
