"""What ``make build`` makes of each function is small and whole, and answers where there is nothing else."""

import json
import subprocess
from collections import Counter
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any

import pytest

from tests.builders.lambda_cases import cases
from tests.servers.artifacts import BUILT, Artifact, artifacts, built_for, lambdas_python, needs_what_runs_here
from tests.servers.redis_server import RedisServer
from tests.servers.s3_server import S3Server

pytestmark = pytest.mark.aws

FUNCTIONS = artifacts()
LAYERS = sorted({layer for each in FUNCTIONS.values() for layer in each.layers})
# "Deployment package size: 250 MB, unzipped, including layers", which are MiB.
LIMIT_BYTES = 250 * 1024 * 1024
# Of the ELF header. Each library says at byte 18 what it is for.
MACHINES = {"x86_64": 62, "arm64": 183}
# Ours that are no function's, and what Lambda has.
UNWANTED_PACKAGES = {"boto3", "botocore", "gpu_service", "infra", "models", "pip"}
# What a library needs only where it is tested or built.
UNWANTED_FOLDERS = {"include", "test", "tests"}
UNWANTED_SUFFIXES = {".c", ".h", ".pxd", ".pyi"}
SHARED_MODULES = {"__init__", "sqs_batch", "warm_up"}
PAGES = {"rest_api": {"web"}}
# Where a module's compiled form says that it need not be compared with its source (PEP 552).
UNCHECKED = 0b01
TIMEOUT_S = 60
ASK = """
import importlib, json, sys
module, _, name = sys.argv[1].rpartition(".")
handler = getattr(importlib.import_module(module), name)
def ask(event):
    try:
        return handler(event, None)
    except Exception as error:
        return {"errorType": type(error).__name__, "errorMessage": str(error)}
with open(sys.argv[2], "w") as answers:
    json.dump([ask(event) for event in json.load(sys.stdin)], answers)
"""


@pytest.fixture(params=FUNCTIONS)
def artifact(request: pytest.FixtureRequest) -> Artifact:
    built_for()
    return FUNCTIONS[request.param]


@pytest.fixture(params=[*FUNCTIONS, *LAYERS])
def part(request: pytest.FixtureRequest) -> Path:
    built_for()
    return BUILT / str(request.param)


def test_it_fits_into_lambda(artifact: Artifact) -> None:
    size = sum(path.stat().st_size for path in artifact.files())
    assert size <= LIMIT_BYTES, f"{artifact.name}: {size - LIMIT_BYTES} bytes too many"


def test_it_has_its_own_package_and_nobody_elses(artifact: Artifact) -> None:
    assert [path.name for path in artifact.folder.iterdir()] == ["functions"]
    here = {path.stem for path in (artifact.folder / "functions").iterdir() if path.name != "__pycache__"}
    assert here - SHARED_MODULES == {artifact.package} | PAGES.get(artifact.package, set())


def test_it_has_nothing_that_lambda_has_or_that_no_function_needs(artifact: Artifact) -> None:
    folders = (artifact.folder, *artifact.layer_folders)
    inside = {path.relative_to(folder) for folder in folders for path in folder.rglob("*")}
    assert UNWANTED_PACKAGES & {path.parts[0] for path in inside} == set()
    assert [path for path in inside if path.name in UNWANTED_FOLDERS or path.suffix in UNWANTED_SUFFIXES] == []


def test_no_layer_hides_what_another_has(artifact: Artifact) -> None:
    names = Counter(
        name for folder in artifact.layer_folders for name in {each.name for each in folder.iterdir()} - {"__pycache__"}
    )
    assert [name for name, count in names.items() if count > 1] == []


def head(path: Path, length: int) -> bytes:
    with path.open("rb") as opened:
        return opened.read(length)


@pytest.mark.parametrize("layer", LAYERS)
def test_every_library_is_for_the_machine_that_was_asked_for(layer: str) -> None:
    machine = MACHINES[built_for()].to_bytes(2, "little")
    libraries = list((BUILT / layer).rglob("*.so*"))
    assert libraries, "nothing to look at"
    assert [path for path in libraries if head(path, 20)[18:] != machine] == []


def test_every_module_is_compiled_for_lambdas_python_and_taken_as_it_is(part: Path) -> None:
    lambdas_python()  # where there is none, nothing was compiled
    expected = {Path(cache_from_source(path)).with_suffix("") for path in part.rglob("*.py")}
    found = list(part.rglob("*.pyc"))
    assert {path.with_suffix("").with_suffix("") for path in found} == {path.with_suffix("") for path in expected}
    assert {path.suffixes[-2] for path in found} == {".cpython-313"}
    assert [path for path in found if head(path, 8)[4:] != UNCHECKED.to_bytes(4, "little")] == []


@pytest.mark.parametrize("name", FUNCTIONS)
def test_it_answers_real_events_where_nothing_else_is(
    name: str, key: str, s3: S3Server, plain_redis: RedisServer, tmp_path: Path
) -> None:
    needs_what_runs_here()
    artifact, answers = FUNCTIONS[name], tmp_path / "answers.json"
    asked = cases(artifact.package, key)
    given = artifact.environment(redis_url=plain_redis.url, AWS_ENDPOINT_URL=s3.url)
    done = subprocess.run(
        [lambdas_python(), "-c", ASK, artifact.handler, str(answers)],
        cwd=artifact.folder,
        env=given,
        input=json.dumps([case.event for case in asked]),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    given_answers: list[Any] = json.loads(answers.read_text())
    for case, answer in zip(asked, given_answers, strict=True):
        case.check(answer)
