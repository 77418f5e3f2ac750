"""Onto AWS: check, ask, keep the secrets, build, deploy, hand over. Each run goes on where the last one ended."""

import re

import typer

from infra.deploy import checks, handover, questions, sam, secret, versions, zones
from infra.deploy.account import Account, find_account
from infra.deploy.answers import Answers, Known
from infra.deploy.errors import DeployError
from infra.deploy.progress import Progress
from infra.deploy.stack import Stack, State

# What ElastiCache and ECS allow for the names that begin with it.
_NAME = re.compile(r"(?!aws|ecs|fargate)[a-z](-?[a-z0-9])*")
_LONGEST = 30


def deploy_to_aws(name: str, said: Answers, room: str, progress: Progress, *, yes: bool) -> None:
    """All of it; with ``yes`` without a question. Raises DeployError."""
    stack = find_stack(name, yes=yes)
    state = stack.usable(typer.echo)
    known = Known(state.parameters if state else {}, secret.find(stack.account, name).names)
    questions.check_redis(said)
    answers = known.complete(said) if yes else questions.ask(said, known)
    answers.check(known)
    gpu = answers.gpu(known)
    if gpu == "sagemaker":
        handover.check_model(stack.account, state.outputs.get("BucketName") if state else None)
    _look_around(stack.account, answers, known)
    if not yes:
        typer.confirm(f"\n{'Change' if state else 'Make'} the stack {name} so?", default=True, abort=True)
    kept = secret.keep(stack.account, name, answers.secrets())
    if kept.arn:
        progress.now(f"What is secret is kept in {secret.name_of(name)}; nothing else was changed.")
    parameters = answers.parameters(known, kept)
    if (answers.profile != "cheap" or gpu == "ecs") and len(known.parameters.get("ZoneIds", ",")) <= 1:
        parameters.setdefault("ZoneIds", zones.pick(stack.account, gpu=gpu == "ecs"))
    sam.build(parameters["Architecture"])
    parameters["Deployment"] = sam.fingerprint(parameters)
    progress.now("AWS goes on with the stack by itself; `make destroy` takes it away.")
    if not sam.deploy(name, stack.account.region, parameters):
        raise failed(stack)
    progress.now("The stack is up.")
    _tidy(stack)
    hand_over(stack, room, rooms=answers.has_redis(known))


def find_stack(name: str, *, yes: bool) -> Stack:
    """The stack that is meant, once somebody agreed to the account. Raises DeployError."""
    checks.find_tools()
    if not _NAME.fullmatch(name) or len(name) > _LONGEST:
        advice = f"Up to {_LONGEST} of a-z, 0-9 and single -, a letter first, and not beginning with aws or ecs."
        raise DeployError(f"{name} is no name for a stack.", advice)
    account = find_account()
    typer.echo(f"AWS account {account.id} ({account.who}), region {account.region}.")
    if not yes:
        typer.confirm("Is that the right one?", default=True, abort=True)
    return Stack(account, name)


def failed(stack: Stack) -> DeployError:
    """Why the stack is not up."""
    reasons = "\n  ".join(stack.failures()) if stack.state() else ""
    wrong = (
        f"The stack was not made or changed:\n  {reasons}" if reasons else "SAM could not deploy; it says why above."
    )
    return DeployError(
        wrong, "Mend that and run this again. A first try that failed is cleared away by `make destroy`."
    )


def hand_over(stack: Stack, room: str, *, rooms: bool) -> None:
    """Make a key where there is none, and tell what there is. Raises DeployError."""
    state = stack.state()
    if state is None:
        raise DeployError(f"There is no stack {stack.name} any more.")
    site = _site(state, stack.account.region)
    handover.tell(site, handover.give_key(site.bucket, room), room, rooms=rooms)


def _site(state: State, region: str) -> handover.Site:
    said = state.outputs
    where = f"AWS_DEFAULT_REGION={region}"
    return handover.Site(said["Url"], said["WebSocketUrl"], said["BucketName"], where, said.get("DashboardUrl", ""))


def _tidy(stack: Stack) -> None:
    """Delete what the functions were before; a stack that is up is not failed by what cannot be deleted."""
    try:
        count = versions.delete_old(stack)
    except DeployError as trouble:
        typer.echo(f"note Old versions of the functions are still there, and may cost: {trouble.wrong}")
        return
    if count:
        typer.echo(f"Old versions of the functions deleted: {count}.")


def _look_around(account: Account, answers: Answers, known: Known) -> None:
    """Say what the account may be too small for, and what the answers leave out."""
    typer.echo()
    spot = {**known.parameters, **answers.more}.get("GpuSpot", "true") == "true"
    for finding in checks.look(account, answers.profile or "cheap", spot=spot):
        mark = typer.style("ok  ", fg=typer.colors.GREEN) if finding.is_well else typer.style("note", fg="yellow")
        typer.echo(f"{mark} {finding.what}: {finding.detail}")
    if not answers.has_redis(known):
        typer.echo("note There is no Redis: speech over REST works, rooms and the WebSocket do not.")
    if not answers.has_cloud_voice(known):
        typer.echo("note There is no cloud voice: only English is spoken. --edge-voices brings Chinese, free.")
    if answers.alarm_email and answers.alarm_email != known.parameters.get("AlarmEmail"):
        typer.echo(f"note AWS writes to {answers.alarm_email} first, to be allowed to write.")
