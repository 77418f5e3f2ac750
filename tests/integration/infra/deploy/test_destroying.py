import json

import pytest

from tests.integration.infra.deploy.conftest import Desk
from tests.servers.redis_server import RedisServer

pytestmark = pytest.mark.aws


@pytest.fixture
def bucket(desk: Desk, plain_redis: RedisServer) -> str:
    """Of a stack with a key, and objects of which some are old versions."""
    deployed = desk.type("deploy", "--yes", DANMU_TTS_REDIS__URL=plain_redis.url)
    assert deployed.exit_code == 0, deployed.output
    s3, bucket = desk.client("s3"), desk.bucket()
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for name in ("rooms/a.json", "rooms/a.json", "audio/x/1.mp3"):
        s3.put_object(Bucket=bucket, Key=name, Body=b"x")
    s3.delete_object(Bucket=bucket, Key="audio/x/1.mp3")
    return bucket


def test_it_says_what_goes_and_lets_all_stay_where_the_name_is_not_typed(desk: Desk, bucket: str) -> None:
    done = desk.type("destroy", answers="yes\n")
    assert done.exit_code == 1
    for line in ("1 in keys/: API keys", "2 in rooms/: rooms' settings", "2 in audio/: audio"):
        assert line in done.output
    assert done.output.endswith("That is not its name. Nothing was deleted.\n")
    assert sorted(name.partition("/")[0] for name in desk.names(bucket)) == ["keys", "rooms"]
    assert "DeletedDate" not in desk.secret()


def test_typing_the_name_deletes_all_versions_the_stack_and_the_secret(desk: Desk, bucket: str) -> None:
    done = desk.type("destroy", answers="danmu-tts\n")
    assert done.exit_code == 0, done.output
    assert "Emptied the bucket: 5 objects." in done.output
    assert bucket not in [each["Name"] for each in desk.client("s3").list_buckets()["Buckets"]]
    assert "DeletedDate" in desk.secret()
    assert "gone for good in 7 days" in done.output
    assert "aws-sam-cli-managed-default" in done.output
    again = desk.type("destroy", "--yes")
    assert (again.exit_code, "There is no stack danmu-tts here." in again.output) == (1, True)


def test_deployed_again_the_secret_has_only_what_is_said_then(desk: Desk, bucket: str) -> None:
    desk.type("destroy", "--yes")
    done = desk.type("deploy", "--yes", DANMU_TTS_OPENAI__API_KEY="sk-new")
    assert done.exit_code == 0, done.output
    assert json.loads(desk.secret_text()) == {"DANMU_TTS_OPENAI__API_KEY": "sk-new"}
