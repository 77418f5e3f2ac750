from typing import Any

import pytest

from infra.local.authorizer_results import AccessDeniedError, parse_authorizer_result
from infra.local.http_events import MalformedResultError
from infra.local.websocket_events import METHOD_ARN

ALLOW = {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": METHOD_ARN}


def result(*statements: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"principalId": "me", "policyDocument": {"Version": "2012-10-17", "Statement": list(statements)}, **fields}


def parse(value: object) -> dict[str, Any]:
    return parse_authorizer_result(value, method_arn=METHOD_ARN)


def test_the_context_arrives_as_strings_beside_the_principal() -> None:
    context = {"room": "7", "count": 1, "share": 0.5, "is_owner": True, "nothing": None}
    expected = {"principalId": "me", "room": "7", "count": "1", "share": "0.5", "is_owner": "true"}
    assert parse(result(ALLOW, context=context)) == expected
    assert parse(result(ALLOW)) == {"principalId": "me"}


@pytest.mark.parametrize(
    "statement",
    [
        {**ALLOW, "Resource": "*"},
        {**ALLOW, "Resource": ["arn:aws:nothing", METHOD_ARN.replace("$connect", "*")]},
        {**ALLOW, "Action": ["execute-api:*"]},
        {**ALLOW, "Action": "*"},
    ],
)
def test_wildcards_and_lists_allow(statement: dict[str, Any]) -> None:
    parse(result(statement))


@pytest.mark.parametrize(
    "statements",
    [
        (),
        ({**ALLOW, "Effect": "Deny"},),
        (ALLOW, {**ALLOW, "Effect": "Deny", "Resource": "*"}),
        ({**ALLOW, "Resource": METHOD_ARN[:-1]},),
        ({**ALLOW, "Resource": METHOD_ARN.replace("local/", "[l]ocal/")},),
        ({**ALLOW, "Action": "s3:GetObject"},),
    ],
)
def test_what_is_denied_or_not_allowed_is_refused(statements: tuple[dict[str, Any], ...]) -> None:
    with pytest.raises(AccessDeniedError, match="User is not authorized to access this resource"):
        parse(result(*statements))


@pytest.mark.parametrize(
    "value",
    [
        None,
        "Allow",
        {},
        {"principalId": "me"},
        {"principalId": 7, "policyDocument": {"Statement": [ALLOW]}},
        result(ALLOW, context={"rooms": ["7"]}),
        result(ALLOW, context="7"),
        result(ALLOW, context={"padding": "x" * 8192}),
        result(ALLOW, context={"odd": object()}),
    ],
)
def test_what_is_no_answer_of_an_authorizer_is_a_mistake_of_ours(value: object) -> None:
    with pytest.raises(MalformedResultError):
        parse(value)
