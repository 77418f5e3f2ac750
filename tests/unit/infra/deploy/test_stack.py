from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from boto3 import Session
from botocore.exceptions import ClientError

from infra.deploy.account import Account
from infra.deploy.errors import DeployError
from infra.deploy.stack import Stack

_STACK = "AWS::CloudFormation::Stack"


class _CloudFormation:
    """Knows stacks by their statuses, one after the other, and events, newest first."""

    def __init__(self, statuses: Sequence[str] = (), events: dict[str, list[dict[str, str]]] | None = None) -> None:
        self._statuses = list(statuses)
        self._events = events or {}

    def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803 - boto3's
        if not self._statuses:
            said = {"Code": "ValidationError", "Message": f"Stack with id {StackName} does not exist"}
            raise ClientError({"Error": said}, "DescribeStacks")
        return {"Stacks": [{"StackId": "id", "StackStatus": self._statuses.pop(0)}]}

    def get_paginator(self, _: str) -> "_CloudFormation":
        return self

    def paginate(self, StackName: str) -> Iterator[dict[str, Any]]:  # noqa: N803 - boto3's
        yield {"StackEvents": self._events[StackName]}


class _Account(Account):
    def __init__(self, client: _CloudFormation) -> None:
        super().__init__("1", "me", "us-east-1", Session())
        object.__setattr__(self, "_client", client)

    def client(self, service: str) -> Any:
        return self._client  # type: ignore[attr-defined]


def _stack(client: _CloudFormation, waited: list[float] | None = None) -> Stack:
    return Stack(_Account(client), "danmu-tts", sleep=(waited if waited is not None else []).append)


def test_while_aws_is_at_work_it_waits_and_says_so_once() -> None:
    said: list[str] = []
    waited: list[float] = []
    stack = _stack(_CloudFormation(["CREATE_IN_PROGRESS", "CREATE_IN_PROGRESS", "CREATE_COMPLETE"]), waited)
    state = stack.usable(said.append)
    assert state is not None
    assert (state.status, len(waited), len(said)) == ("CREATE_COMPLETE", 2, 1)


def test_a_first_try_that_failed_has_to_be_cleared_away() -> None:
    with pytest.raises(DeployError, match="unfinished") as caught:
        _stack(_CloudFormation(["ROLLBACK_COMPLETE"])).usable(print)
    assert "make destroy" in caught.value.advice


def test_where_there_is_none_it_can_be_made() -> None:
    assert _stack(_CloudFormation()).usable(print) is None


def test_a_failure_is_told_by_the_resource_that_caused_it_and_not_by_the_stacks_around_it() -> None:
    client = _CloudFormation(
        events={
            "danmu-tts": [
                _event("danmu-tts", "danmu-tts", "root", "ROLLBACK_IN_PROGRESS", _STACK),
                _event("danmu-tts", "Roles", "r", "CREATE_FAILED", _STACK, "Resource creation cancelled"),
                _event("danmu-tts", "Cache", "inner", "CREATE_FAILED", _STACK, "Embedded stack was not created"),
                _event("danmu-tts", "danmu-tts", "root", "CREATE_IN_PROGRESS", _STACK),
                _event("danmu-tts", "Old", "o", "CREATE_FAILED", "AWS::S3::Bucket", "of an earlier try"),
            ],
            "inner": [
                _event("inner", "inner", "inner", "CREATE_FAILED", _STACK, "some failed"),
                _event("inner", "Users", "u", "CREATE_FAILED", "AWS::ElastiCache::UserGroup", "no such engine"),
                _event("inner", "inner", "inner", "CREATE_IN_PROGRESS", _STACK),
            ],
        }
    )
    assert _stack(client).failures() == ["Users (AWS::ElastiCache::UserGroup): no such engine"]


def _event(stack: str, name: str, physical: str, status: str, kind: str, reason: str = "") -> dict[str, str]:
    return {
        "StackName": stack,
        "StackId": "root" if stack == "danmu-tts" else stack,
        "LogicalResourceId": name,
        "PhysicalResourceId": physical,
        "ResourceStatus": status,
        "ResourceType": kind,
        "ResourceStatusReason": reason,
    }
