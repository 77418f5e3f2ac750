"""The OpenAPI description tells the truth: whatever is generated from it is answered as it says."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import SearchStrategy
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.e2e.program import Server
from tests.servers.process import free_port

pytestmark = pytest.mark.usefixtures("clean_log", "still_serving")

# Longer ones would only take longer to say.
LONGEST_TEXT_CHARS = 40

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """With everything on that needs no account."""
    settings = {"DANMU_TTS_XTTS__ENABLED": "true", "DANMU_TTS_XTTS__LOCAL_PORT": str(free_port())}
    own = Server(tmp_path_factory.mktemp("schema"), **settings)
    own.start()
    for text in ("Warm-up", "热身"):  # what loads a voice is not to be judged, and may take long on a busy machine
        httpx.post(f"{own.base_url}/v1/speech", json={"text": text}, timeout=60)
    yield own
    assert own.stop() == 0, own.log


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.base_url, timeout=60) as own:
        yield own


@pytest.fixture(scope="module")
def description(client: httpx.Client) -> dict[str, Any]:
    answer: dict[str, Any] = client.get("/openapi.json").raise_for_status().json()
    return answer


@pytest.fixture(scope="module")
def api(description: dict[str, Any], server: Server) -> schemathesis.BaseSchema:
    models = description["components"]["schemas"]
    models["CreateSpeechRequest"]["properties"]["input"]["maxLength"] = LONGEST_TEXT_CHARS
    models["NativeSpeechRequest"]["properties"]["text"]["maxLength"] = LONGEST_TEXT_CHARS
    schema = schemathesis.openapi.from_dict(description)
    schema.config.update(base_url=server.base_url, request_timeout=60)
    return schema


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_every_operation_answers_as_described(
    api: schemathesis.BaseSchema, mode: GenerationMode, subtests: pytest.Subtests
) -> None:
    for found in api.get_all_operations():
        operation = found.ok()
        if mode is GenerationMode.NEGATIVE and not (operation.body or operation.query):
            continue  # takes nothing that could be wrong
        with subtests.test(operation.label):
            conforms(operation.as_strategy(generation_mode=mode))


def conforms(cases: SearchStrategy[schemathesis.Case]) -> None:
    @settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(case=cases)
    def validate(case: schemathesis.Case) -> None:
        case.call_and_validate(checks=CHECKS)

    validate()


def test_only_what_is_ever_answered_is_described(description: dict[str, Any]) -> None:
    """FastAPI's own 422 is never sent; ours is for what the content filter drops."""
    refusals = [
        operation["responses"]["422"]["content"]["application/json"]["schema"]["$ref"]
        for path in description["paths"].values()
        for operation in path.values()
        if "422" in operation["responses"]
    ]
    assert set(refusals) == {"#/components/schemas/ErrorAnswer"}
    assert "HTTPValidationError" not in description["components"]["schemas"]
