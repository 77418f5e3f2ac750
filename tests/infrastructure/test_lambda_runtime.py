"""Lambda's own runtime runs each built function: cold, and then warm."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders.lambda_cases import cases
from tests.servers.artifacts import Artifact, artifacts, needs_what_runs_here
from tests.servers.lambda_runtime import LambdaRuntime
from tests.servers.redis_server import RedisServer
from tests.servers.s3_server import S3Server

pytestmark = pytest.mark.aws

FUNCTIONS = artifacts()


@pytest.fixture(params=FUNCTIONS)
def artifact(request: pytest.FixtureRequest) -> Artifact:
    needs_what_runs_here()
    return FUNCTIONS[request.param]


@pytest.fixture
def runtime(artifact: Artifact, s3: S3Server, plain_redis: RedisServer, tmp_path: Path) -> Iterator[LambdaRuntime]:
    given = artifact.environment(redis_url=plain_redis.url, AWS_ENDPOINT_URL=s3.url)
    with LambdaRuntime(tmp_path, artifact.folder, artifact.handler, given) as started:
        yield started


def test_it_answers_the_first_event_and_those_after_it_in_one_process(
    artifact: Artifact, runtime: LambdaRuntime, key: str
) -> None:
    asked = cases(artifact.package, key)
    asked[0].check(runtime.invoke(asked[0].event))
    first = runtime.runtime.pid
    for case in [*asked[1:], asked[0]]:
        case.check(runtime.invoke(case.event))
    assert runtime.runtime.pid == first
    assert "this process starts cold" not in runtime.log
