"""Everything off AWS again, and what stays there."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import typer

from infra.deploy import secret
from infra.deploy.account import Account, find_account
from infra.deploy.errors import DeployError, aws_in_words
from infra.deploy.progress import Progress
from infra.deploy.stack import Stack, State

_AT_ONCE = 1000
# A function that is still at work may put audio into the bucket after it was emptied.
_TRIES = 3
_WHAT = {
    "keys": "API keys",
    "rooms": "rooms' settings",
    "models": "voices that were recorded, two for each",
    "audio": "audio that can be made again",
    "metadata": "what is known of that audio",
    "temp": "uploads and fresh audio",
}

Say = Callable[[str], None]


def destroy_on_aws(name: str, progress: Progress, *, yes: bool) -> None:
    """All of it; with ``yes`` without a question. Raises DeployError."""
    account = find_account()
    stack = Stack(account, name)
    state = stack.settled(typer.echo)
    has_secret = not secret.find(account, name).is_gone
    typer.echo(f"AWS account {account.id} ({account.who}), region {account.region}.")
    if state is None and not has_secret:
        raise DeployError(f"There is no stack {name} here.", "In another region? AWS_REGION=… make destroy.")
    bucket = bucket_of(stack, state) if state else None
    _announce(account, name, state, bucket, has_secret=has_secret)
    if not yes and typer.prompt(f"\nTo delete all of it, type the stack's name, {name}").strip() != name:
        raise DeployError("That is not its name. Nothing was deleted.")
    if state is not None:
        progress.now("What was deleted so far is gone; the rest is there.")
        destroy(stack, state, bucket, typer.echo)
    if secret.delete(account, name):
        typer.echo(f"The secret {secret.name_of(name)} is deleted.")
    typer.echo("\nWhat is left:")
    for each in what_is_left(name, state, had_secret=has_secret):
        typer.echo(f"  {each}")


def _announce(account: Account, name: str, state: State | None, bucket: str | None, *, has_secret: bool) -> None:
    typer.echo("\nThis will be deleted, for good:")
    if state is not None:
        typer.echo(f"  the stack {name} ({state.status}): functions, APIs, dashboard, logs and all else of it")
    if bucket:
        typer.echo(f"  the bucket {bucket}:")
        for line in described(contents(account, bucket)) or ["nothing in it"]:
            typer.echo(f"    {line}")
    if has_secret:
        typer.echo(f"  the secret {secret.name_of(name)}: it can be restored for {secret.RECOVERY_DAYS} days")


def contents(account: Account, bucket: str) -> Counter[str]:
    """How many objects are in the bucket, by the first part of their names. Raises DeployError."""
    with aws_in_words():
        return Counter(each["Key"].partition("/")[0] for page in _versions(account, bucket) for each in page)


def described(counts: Counter[str]) -> list[str]:
    """A line for each kind of them, what cannot be had again first."""
    order = {name: place for place, name in enumerate(_WHAT)}
    names = sorted(counts, key=lambda name: (order.get(name, -1), name))
    return [f"{counts[name]} in {name}/: {_WHAT.get(name, 'not ours')}" for name in names]


def empty(account: Account, bucket: str) -> int:
    """Delete every object in all its versions; how many. Raises DeployError."""
    s3 = account.client("s3")
    count = 0
    with aws_in_words():
        for page in _versions(account, bucket):
            for start in range(0, len(page), _AT_ONCE):
                some = page[start : start + _AT_ONCE]
                objects = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in some]
                answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
                if refused := answer.get("Errors"):
                    raise DeployError(f"S3 did not delete {refused[0]['Key']}: {refused[0]['Message']}")
                count += len(some)
    return count


def _versions(account: Account, bucket: str) -> Iterator[Sequence[dict[str, Any]]]:
    """Page by page: versions, and the marks of what was deleted. Nothing where the bucket is gone."""
    from botocore.exceptions import ClientError

    pages = account.client("s3").get_paginator("list_object_versions").paginate(Bucket=bucket)
    try:
        for page in pages:
            yield [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchBucket":
            raise


def bucket_of(stack: Stack, state: State) -> str | None:
    """The bucket's name, also where the stack was never finished and has no outputs."""
    if bucket := state.outputs.get("BucketName"):
        return bucket
    client = stack.account.client("cloudformation")
    with aws_in_words():
        nested = [
            each["PhysicalResourceId"]
            for each in client.describe_stack_resources(StackName=state.id)["StackResources"]
            if each["LogicalResourceId"] == "Storage" and each.get("PhysicalResourceId")
        ]
        inner = stack.state(nested[0]) if nested else None
    return inner.outputs.get("BucketName") if inner else None


def destroy(stack: Stack, state: State, bucket: str | None, say: Say) -> None:
    """Delete the bucket's objects and the stack. Raises DeployError with what is left and why."""
    left: State | None = state
    for _ in range(_TRIES):
        if bucket:
            say(f"Emptied the bucket: {empty(stack.account, bucket)} objects.")
        say("Deleting the stack. That takes some minutes; half an hour where functions were in a network.")
        left = stack.delete(say, state)
        if left is None:
            say(f"The stack {stack.name} is deleted.")
            return
    reasons = "\n  ".join(stack.failures(state.id))
    advice = "Run this again; AWS's console (CloudFormation) can delete a stack and keep what refuses."
    raise DeployError(f"The stack could not be deleted:\n  {reasons or 'AWS does not say why.'}", advice)


def what_is_left(name: str, state: State | None, *, had_secret: bool) -> list[str]:
    """What this does not delete."""
    left = ["SAM's own bucket with the code (stack aws-sam-cli-managed-default), which your other projects may use too"]
    if had_secret:
        days = secret.RECOVERY_DAYS
        left.append(f"the secret {secret.name_of(name)}, which costs nothing now and is gone for good in {days} days")
    if image := (state.parameters.get("GpuImage") if state else ""):
        left.append(f"the image {image}, in ECR")
    return left
