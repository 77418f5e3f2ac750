"""What the template says of this project is so, and what it allows is no more than it must."""

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from danmu_tts.adapters.metrics import emf
from danmu_tts.settings import Settings
from functions.rest_api.app import OPEN_PATHS
from gpu_service import emf as gpu_emf
from gpu_service.settings import Settings as GpuSettings
from tests.infrastructure.policies import statements_in
from tests.servers.deployment import read
from tests.servers.emulator import ROOT, Template
from tests.servers.redis_server import ClusterRedisServer

FOLDER = ROOT / "infra/aws"
FILES = [ROOT / "template.yaml", *sorted(FOLDER.glob("*.yaml"))]
MOST_LINES = 200
TIMES_THE_TIMEOUT = 6
MOST_MANAGED_POLICIES = 10
NOT_OURS = {"AWS_USE_DUALSTACK_ENDPOINT", "ORT_DISABLE_TELEMETRY"}  # boto3's and ONNX Runtime's
GPU_NOT_OURS = {"AWS_DEFAULT_REGION", "COQUI_TOS_AGREED"}
# Services that have no narrower resource, by the service authorisation reference.
NO_NARROWER = {
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
    "ecr:GetAuthorizationToken",
}
# What AWS itself measures, as its documentation names it.
METRICS_OF_AWS = {
    "AWS/ApiGateway": {"4xx", "5xx", "Count", "Latency", "ConnectCount", "MessageCount", "IntegrationError"},
    "AWS/SQS": {"ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"},
    "AWS/ECS": {"CPUUtilization"},
    "AWS/ElastiCache": {"ThrottledCmds"},
    "AWS/SageMaker": {"ApproximateBacklogSizePerInstance", "HasBacklogWithoutCapacity"},
}
OURS = {**emf.METRICS, **gpu_emf.METRICS}


def resources(path: Path, kind: str) -> dict[str, Template]:
    return {name: each for name, each in read(path)["Resources"].items() if each["Type"] == kind}


def everywhere(kind: str) -> dict[str, Template]:
    return {name: each for path in FILES for name, each in resources(path, kind).items()}


def inside(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in an object."""
    if isinstance(value, dict):
        yield value
        for each in value.values():
            yield from inside(each)
    elif isinstance(value, list):
        for each in value:
            yield from inside(each)


def environments() -> Iterator[tuple[str, Any]]:
    functions = read(FOLDER / "functions.yaml")
    yield from functions["Globals"]["Function"]["Environment"]["Variables"].items()
    for each in resources(FOLDER / "functions.yaml", "AWS::Serverless::Function").values():
        yield from each["Properties"].get("Environment", {}).get("Variables", {}).items()


@pytest.mark.parametrize("path", FILES[1:], ids=lambda path: path.name)
def test_a_nested_stack_is_one_concern(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= MOST_LINES


def test_variables_of_the_functions_are_settings() -> None:
    known = {f"DANMU_TTS_{section}__{field}".upper() for section, its in Settings() for field in type(its).model_fields}
    assert {name for name, _ in environments()} - NOT_OURS - known == set()


def test_their_values_are_texts() -> None:
    """CloudFormation would write 010 as 8 and yes as true; an emulator starts nothing with a number in it."""
    assert [name for name, value in environments() if not isinstance(value, str | dict)] == []


def test_variables_of_the_gpu_service_are_its_settings() -> None:
    (task,) = resources(FOLDER / "gpu_ecs.yaml", "AWS::ECS::TaskDefinition").values()
    (model,) = resources(FOLDER / "gpu_sagemaker.yaml", "AWS::SageMaker::Model").values()
    on_ecs = {each["Name"] for each in task["Properties"]["ContainerDefinitions"][0]["Environment"]}
    on_sagemaker = set(model["Properties"]["PrimaryContainer"]["Environment"])
    fields = {f"DANMU_TTS_GPU__{name.upper()}" for name in GpuSettings.model_fields}
    assert (on_ecs | on_sagemaker) - GPU_NOT_OURS <= fields


def metrics() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Namespace, name and dimensions of all that alarms, scaling and the dashboard look at."""
    for path in FILES:
        for each in inside(read(path)["Resources"]):
            if {"Namespace", "MetricName"} <= each.keys():
                yield each["Namespace"], each["MetricName"], tuple(one["Name"] for one in each.get("Dimensions", []))
    body = str(resources(FOLDER / "dashboard.yaml", "AWS::CloudWatch::Dashboard")["Dashboard"]["Properties"])
    for namespace, name, rest in re.findall(r'\["(DanmuTTS|AWS/\w+)", "(\w+)"((?:, "[^"]+", "[^"]+")*)', body):
        yield namespace, name, tuple(re.findall(r'"([^"]+)", "[^"]+"', rest))
    for dimensions, name in re.findall(r"\{DanmuTTS,([\w,]+)\} MetricName=\W+(\w+)", body):
        yield "DanmuTTS", name, tuple(dimensions.split(","))


def test_what_alarms_and_the_dashboard_look_at_is_measured() -> None:
    seen = list(metrics())
    assert len(seen) > 30
    for namespace, name, dimensions in seen:
        if namespace == "DanmuTTS":
            assert dimensions in OURS[name][1], (name, dimensions)
        else:
            assert name in METRICS_OF_AWS[namespace], (namespace, name)


def test_a_queue_waits_six_times_as_long_as_its_function_may_take() -> None:
    queues = resources(FOLDER / "queues.yaml", "AWS::SQS::Queue")
    read_by = 0
    for function in resources(FOLDER / "functions.yaml", "AWS::Serverless::Function").values():
        for event in function["Properties"].get("Events", {}).values():
            of = event["Properties"]["Queue"]["Ref"].removesuffix("Arn").lower()
            queue = next(each for name, each in queues.items() if name.lower() == of)
            assert queue["Properties"]["VisibilityTimeout"] >= TIMES_THE_TIMEOUT * function["Properties"]["Timeout"]
            assert event["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
            read_by += 1
    assert read_by == 2


def test_every_deployment_makes_new_versions_where_anything_changed() -> None:
    """The alias that the APIs call would otherwise stay on old code, and on old parameters."""
    for name, each in resources(FOLDER / "functions.yaml", "AWS::Serverless::Function").items():
        assert each["Properties"]["AutoPublishCodeSha256"] == {"Ref": "Deployment"}, name
        assert each["Properties"]["AutoPublishAliasAllProperties"] is True, name
    for name, each in resources(FOLDER / "functions.yaml", "AWS::Serverless::LayerVersion").items():
        assert each["Properties"]["PublishLambdaVersion"] is True, name


def test_every_queue_has_somewhere_for_what_fails_and_a_worker_may_fail_often_enough() -> None:
    queues = resources(FOLDER / "queues.yaml", "AWS::SQS::Queue")
    assert queues.pop("DeadLetters")
    for each in queues.values():
        assert each["Properties"]["RedrivePolicy"]["deadLetterTargetArn"] == {"Fn::GetAtt": ["DeadLetters", "Arn"]}
        assert each["Properties"]["RedrivePolicy"]["maxReceiveCount"] >= 4


def policies() -> Iterator[Template]:
    for kind in ("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy"):
        for each in everywhere(kind).values():
            yield each["Properties"]["PolicyDocument"]
    for each in everywhere("AWS::IAM::Role").values():
        for policy in each["Properties"].get("Policies", []):
            yield policy["PolicyDocument"]


def test_no_policy_allows_everything() -> None:
    statements = list(chain.from_iterable(map(statements_in, policies())))
    assert len(statements) > 20
    for each in statements:
        assert not any("*" in action for action in each.actions), each
        if "*" in each.resources:
            assert set(each.actions) <= NO_NARROWER, each


def test_no_role_has_more_managed_policies_than_an_account_allows() -> None:
    for name, each in everywhere("AWS::IAM::Role").items():
        assert len(_or_empty(each["Properties"].get("ManagedPolicyArns"))) < MOST_MANAGED_POLICIES, name
    assert not [name for name, each in everywhere("AWS::IAM::ManagedPolicy").items() if "Roles" in each["Properties"]]


def _or_empty(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def test_whom_api_gateway_lets_in_without_a_key_is_whom_the_function_does() -> None:
    routes = resources(FOLDER / "http_api.yaml", "AWS::ApiGatewayV2::Route").values()
    open_ = {each["Properties"]["RouteKey"] for each in routes if each["Properties"]["AuthorizationType"] == "NONE"}
    assert open_ == {f"GET {path}" for path in OPEN_PATHS} | {"OPTIONS /{path+}"}
    (other,) = [each for each in routes if each["Properties"]["AuthorizationType"] != "NONE"]
    assert other["Properties"]["RouteKey"] == "$default"


def test_the_bucket_keeps_audio_longer_than_the_service_believes_in_it() -> None:
    (bucket,) = resources(FOLDER / "storage.yaml", "AWS::S3::Bucket").values()
    rules = {each.get("Prefix"): each for each in bucket["Properties"]["LifecycleConfiguration"]["Rules"]}
    for prefix in ("audio/", "metadata/"):
        assert rules[prefix]["ExpirationInDays"] * 86_400 > Settings().s3.ttl_s + Settings().audio.url_ttl_s
    forgotten = {prefix for prefix, each in rules.items() if "ExpirationInDays" in each}
    assert forgotten == {"audio/", "metadata/", "temp/"}


def test_the_cache_has_the_user_that_all_tests_have() -> None:
    user = resources(FOLDER / "cache.yaml", "AWS::ElastiCache::User")["User"]["Properties"]
    assert user["AccessString"] == f"on {ClusterRedisServer.rights}"
    assert user["UserId"] == user["UserName"]  # as logging in by IAM wants it


def test_a_function_has_time_for_what_api_gateway_waits_for() -> None:
    functions = resources(FOLDER / "functions.yaml", "AWS::Serverless::Function")
    for name in ("RestApiFunction", "WebSocketApiFunction"):
        assert functions[name]["Properties"]["Timeout"] > Settings().tts.deadline_ms / 1000
    assert functions["AuthorizerFunction"]["Properties"]["Timeout"] <= 10


def test_every_parameter_of_a_nested_stack_is_given() -> None:
    for path in FILES:
        for name, each in resources(path, "AWS::Serverless::Application").items():
            wanted = read(path.parent / each["Properties"]["Location"]).get("Parameters", {})
            given = each["Properties"].get("Parameters", {})
            assert given.keys() <= wanted.keys(), name
            assert {one for one, its in wanted.items() if "Default" not in its} <= given.keys(), name
