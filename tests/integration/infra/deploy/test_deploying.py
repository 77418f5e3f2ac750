import json
import re

import pytest

from danmu_tts import process_loop
from danmu_tts.bootstrap.stores import make_keys
from danmu_tts.domain.access import Keyless, Role
from danmu_tts.services.access import Access
from danmu_tts.settings import S3Settings, Settings
from infra.costs.told import told
from tests.integration.infra.deploy.conftest import ARN, Desk
from tests.servers.redis_server import RedisServer
from tests.servers.s3_server import S3Server

pytestmark = pytest.mark.aws

_AZURE = "azure-key-of-mine"


def test_without_credentials_it_says_how_to_get_some(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    done = desk.type("deploy", "--yes")
    assert done.exit_code == 1
    assert "There are no AWS credentials here.\n" in done.output
    assert "`aws configure`" in done.output


def test_without_a_region_it_says_how_to_name_one(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    done = desk.type("deploy", "--yes")
    assert done.exit_code == 1
    assert "AWS_REGION=ap-northeast-1 make deploy" in done.output


def test_without_sam_it_says_what_installs_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    done = desk.type("deploy", "--yes")
    assert (done.exit_code, "sam is not installed.\n`make sam`" in done.output) == (1, True)


def test_where_the_home_folder_cannot_be_written_it_says_so_before_sam_does(desk: Desk) -> None:
    done = desk.type("deploy", "--yes", HOME="/nowhere")
    assert (done.exit_code, "/nowhere cannot be written." in done.output) == (1, True)


def test_what_answers_and_is_not_aws_is_said_in_a_line(desk: Desk, s3: S3Server) -> None:
    done = desk.type("deploy", "--yes", AWS_ENDPOINT_URL=f"{s3.url}/moto-api/")
    assert done.exit_code == 1
    assert done.output.startswith("What answers is not AWS.\n")


def test_unattended_it_deploys_and_gives_a_key_that_is_good(desk: Desk, plain_redis: RedisServer) -> None:
    done = desk.type(
        *("deploy", "--yes", "--edge-voices", "--azure-region", "eastasia", "--room", "mine", "--monthly-usd", "5"),
        DANMU_TTS_REDIS__URL=plain_redis.url,
        DANMU_TTS_AZURE__KEY=_AZURE,
    )
    assert done.exit_code == 0, done.output
    built, deployed = desk.sam.runs
    assert (built.arguments[0], built.environment["ARCHITECTURE"]) == ("build", built.parameters["Architecture"])
    assert deployed.arguments[:5] == ["deploy", "--stack-name", "danmu-tts", "--region", "us-east-1"]
    assert deployed.parameters["SecretArn"].startswith(ARN)
    told = {name: deployed.parameters[name] for name in ("Profile", "EdgeVoices", "AzureRegion", "MonthlyUsd")}
    assert told == {"Profile": "cheap", "EdgeVoices": "true", "AzureRegion": "eastasia", "MonthlyUsd": "5"}
    access = Access(make_keys(Settings(s3=S3Settings(bucket=desk.bucket()))), Keyless.NOBODY)
    key, token = _found(r"API key +(danmu_\S+)", done.output), _found(r"/overlay/mine\?token=(\S+)", done.output)
    assert process_loop.run(access.identify(key, local=False)).key_id
    assert process_loop.run(access.identify(token, local=False)).role is Role.PLAYER
    assert f"https://api.example/#key={key}" in done.output


def test_a_secret_is_in_the_secret_and_nowhere_else(desk: Desk, plain_redis: RedisServer) -> None:
    url = plain_redis.url
    done = desk.type("deploy", "--yes", DANMU_TTS_REDIS__URL=url, DANMU_TTS_OPENAI__API_KEY="sk-of-mine")
    assert json.loads(desk.secret_text()) == {"DANMU_TTS_REDIS__URL": url, "DANMU_TTS_OPENAI__API_KEY": "sk-of-mine"}
    seen = json.dumps([(run.arguments, run.environment) for run in desk.sam.runs]) + done.output
    assert (url in seen, "sk-of-mine" in seen) == (False, False)
    assert desk.sam.runs[1].parameters["OpenAiVoices"] == "true"


def test_where_nothing_is_secret_there_is_no_secret(desk: Desk) -> None:
    done = desk.type("deploy", "--yes", "--profile", "standard")
    assert done.exit_code == 0, done.output
    assert desk.sam.runs[1].parameters["SecretArn"] == ""
    assert desk.client("secretsmanager").list_secrets()["SecretList"] == []


def test_the_second_time_it_remembers_and_makes_no_second_key(desk: Desk, plain_redis: RedisServer) -> None:
    first = desk.type("deploy", "--yes", "--edge-voices", "--alarm-email", "me@x.y", "--redis-url", plain_redis.url)
    key_id = _found(r"danmu_(\w{12})_", first.output)
    again = desk.type("deploy", "--yes", "--azure-region", "eastasia", DANMU_TTS_AZURE__KEY=_AZURE)
    assert again.exit_code == 0, again.output
    assert json.loads(desk.secret_text()) == {
        "DANMU_TTS_REDIS__URL": plain_redis.url,
        "DANMU_TTS_AZURE__KEY": _AZURE,
    }
    before, last = desk.sam.runs[1].parameters, desk.sam.runs[-1].parameters
    assert (before["SecretArn"], before["SecretVersion"] != last["SecretVersion"]) == (last["SecretArn"], True)
    assert (last["EdgeVoices"], last["AlarmEmail"], last["AzureRegion"]) == ("true", "me@x.y", "eastasia")
    assert "danmu_" not in again.output.replace("danmu-tts", "")
    assert f"rotate {key_id}" in again.output
    assert desk.names(desk.bucket()) == [f"keys/{key_id}.json"]


def test_it_asks_in_words_and_tries_the_redis_at_once(desk: Desk, plain_redis: RedisServer) -> None:
    answers = ["", "cheap", "http://no-redis", plain_redis.url, "y", "", "", "", "y"]
    done = desk.type("deploy", answers="\n".join(answers) + "\n")
    assert done.exit_code == 0, done.output
    assert f"about {told('standard').idle} USD a month while idle" in done.output
    assert "That is no Redis's address" in done.output
    assert "It answers." in done.output
    assert (plain_redis.url in desk.secret_text(), plain_redis.url in done.output) == (True, False)
    assert desk.sam.runs[1].parameters["EdgeVoices"] == "true"
    kept = desk.type("deploy", answers="\n".join(["", "", "none", "", "", "", "", "y"]) + "\n")
    assert kept.exit_code == 0, kept.output
    assert json.loads(desk.secret_text()) == {}
    assert desk.sam.runs[-1].parameters["EdgeVoices"] == "true"


def test_a_redis_that_is_not_there_is_said_before_anything_is_made(desk: Desk) -> None:
    done = desk.type("deploy", "--yes", DANMU_TTS_REDIS__URL="redis://user:hidden@127.0.0.1:1")
    assert done.exit_code == 1
    assert "127.0.0.1:1 cannot be reached" in done.output
    assert "hidden" not in done.output
    assert (desk.sam.runs, desk.client("secretsmanager").list_secrets()["SecretList"]) == ([], [])


def test_a_gpu_needs_its_image_and_the_licence(desk: Desk) -> None:
    assert "accept its licence" in desk.type("deploy", "--yes", "--profile", "gpu", "--gpu-image", "x").output
    done = desk.type("deploy", "--yes", "--profile", "gpu", "--gpu-image", "x", "--accept-xtts-licence")
    assert done.exit_code == 0, done.output
    assert desk.sam.runs[1].parameters["GpuLicence"] == "accepted"
    assert "GPUs: " in done.output


def test_whoever_stops_it_is_told_how_things_are(desk: Desk) -> None:
    stopped = desk.type("deploy", answers="y\n")
    assert stopped.exit_code == 130
    assert "Stopped. Nothing was changed. `make deploy` goes on from here.\n" in stopped.output
    desk.sam.break_it()
    failed = desk.type("deploy", "--yes")
    assert (failed.exit_code, "The functions could not be built" in failed.output) == (1, True)


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found, text
    return found[1]
