"""Versions of functions that nothing uses any more: SAM keeps each one, and its snapshot costs as much as the next."""

from collections.abc import Iterator, Sequence
from typing import Any

from infra.deploy.account import Account
from infra.deploy.errors import aws_in_words
from infra.deploy.stack import Stack


def delete_old(stack: Stack) -> int:
    """Delete them in a stack and the stacks within it; how many. Raises DeployError."""
    client = stack.account.client("lambda")
    count = 0
    with aws_in_words():
        for name in _functions(stack.account, stack.name):
            pages = client.get_paginator("list_versions_by_function").paginate(FunctionName=name)
            versions = [
                int(each["Version"]) for page in pages for each in page["Versions"] if each["Version"].isdigit()
            ]
            aliases = client.list_aliases(FunctionName=name)["Aliases"]
            for version in old(versions, [int(each) for alias in aliases for each in _named(alias)]):
                client.delete_function(FunctionName=name, Qualifier=str(version))
                count += 1
    return count


def old(versions: Sequence[int], used: Sequence[int]) -> list[int]:
    """Those that may go: none where nothing is in use, because then nobody can tell which."""
    if not used:
        return []
    return [version for version in versions if version < max(used) and version not in used]


def _named(alias: dict[str, Any]) -> Iterator[str]:
    """What an alias points to: two, where somebody lets a change out step by step."""
    weights = alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
    yield from (each for each in (alias["FunctionVersion"], *weights) if each.isdigit())


def _functions(account: Account, stack: str) -> Iterator[str]:
    pages = account.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
    there = [each for page in pages for each in page["StackResourceSummaries"] if _is_there(each)]
    for each in there:
        if each["ResourceType"] == "AWS::CloudFormation::Stack":
            yield from _functions(account, each["PhysicalResourceId"])
        elif each["ResourceType"] == "AWS::Lambda::Function":
            yield each["PhysicalResourceId"]


def _is_there(resource: dict[str, str]) -> bool:
    return bool(resource.get("PhysicalResourceId")) and not resource["ResourceStatus"].startswith("DELETE")
