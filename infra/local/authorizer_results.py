"""What a Lambda authorizer's answer means: an IAM policy and a context, as API Gateway reads them.

Pure. The rules are those of AWS's developer guide, "Output from an API Gateway Lambda authorizer".
"""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import Any

from infra.local.http_events import MalformedResultError, encode_json

# "AWS Lambda authorizer result size", a quota of WebSocket APIs.
_MAX_RESULT_BYTES = 8 * 1024
_ACTION = "execute-api:Invoke"


class AccessDeniedError(Exception):
    """The policy does not allow the call. The message is API Gateway's."""


def parse_authorizer_result(result: object, *, method_arn: str) -> dict[str, Any]:
    """Return what later events carry as ``requestContext.authorizer``.

    Args:
        result: ``{"principalId": str, "policyDocument": {"Statement": [...]}, "context"?: {name: scalar}}``.
        method_arn: What the caller asks to invoke.

    Returns:
        ``principalId``, and the context with every value as a string, which is how API Gateway passes numbers and
        booleans on.

    Raises:
        AccessDeniedError: The policy denies the call, or says nothing about it.
        MalformedResultError: API Gateway would call it a configuration error.
    """
    if len(encode_json(result)) > _MAX_RESULT_BYTES:
        raise MalformedResultError(f"an authorizer's result is more than {_MAX_RESULT_BYTES} bytes")
    if not isinstance(result, dict) or not isinstance(result.get("principalId"), str):
        raise MalformedResultError("an authorizer's result has no principalId")
    context = _context(result.get("context"))
    effects = set(_matching_effects(result.get("policyDocument"), method_arn))
    if "Deny" in effects:
        raise AccessDeniedError("User is not authorized to access this resource with an explicit deny")
    if "Allow" not in effects:
        raise AccessDeniedError("User is not authorized to access this resource")
    return {**context, "principalId": result["principalId"]}


def _context(context: object) -> dict[str, str]:
    if context is None:
        return {}
    if not isinstance(context, dict):
        raise MalformedResultError("an authorizer's context is not an object")
    return {name: _text(name, value) for name, value in context.items() if value is not None}


def _text(name: str, value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    raise MalformedResultError(f"an authorizer's context has a value that is no scalar: {name!r:.80}")


def _matching_effects(policy: object, method_arn: str) -> list[str]:
    if not isinstance(policy, dict):
        raise MalformedResultError("an authorizer's result has no policyDocument")
    return [
        str(statement.get("Effect"))
        for statement in _as_list(policy.get("Statement"))
        if isinstance(statement, dict)
        and any(_matches(_ACTION.lower(), str(action).lower()) for action in _as_list(statement.get("Action")))
        and any(_matches(method_arn, str(resource)) for resource in _as_list(statement.get("Resource")))
    ]


def _as_list(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _matches(text: str, pattern: str) -> bool:
    """Match ``*`` and ``?``, IAM's only wildcards."""
    return fnmatchcase(text, pattern.replace("[", "[[]"))
