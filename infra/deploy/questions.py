"""The questions, in a streamer's words. Whatever was said by an option is not asked."""

from dataclasses import replace

import typer

from infra.costs.told import told
from infra.deploy.account import is_emulated
from infra.deploy.answers import PROFILES, Answers, Known
from infra.deploy.errors import DeployError
from infra.deploy.redis_check import problem_with
from infra.deploy.secret import AZURE_KEY, OPENAI_KEY, REDIS_URL

_REMOVE = "none"
_REDIS = """
Rooms, their pages and the WebSocket need a Redis that all functions share. Any hoster's will do that is near the region
above (what takes longer than 300 ms counts as away) and is not paid by the command: a room sends millions a month.
Redis Cloud's free plan should do for one. The address is like rediss://default:PASSWORD@HOST:PORT, or redis:// where
the plan has no TLS. Without it you get speech over REST, and no rooms; you can add one later."""
_EDGE = """
Who speaks? On AWS one English voice is built in. Microsoft Edge's voices speak Chinese, Japanese and over 70 more,
free; what your viewers write goes to Microsoft then. A Chinese chat needs them, or Azure's, or OpenAI's."""


def ask(said: Answers, known: Known) -> Answers:
    """Ask what was not said; Enter keeps what is in brackets. Raises typer.Abort on Ctrl-C."""
    before = known.complete(Answers())
    answers = replace(said, profile=said.profile or _profile(before.profile or "cheap"))
    if answers.redis_url is None and answers.profile == "cheap":
        answers = replace(answers, redis_url=_redis(has_one=REDIS_URL in known.secret_names))
    answers = _voices(answers, before, known)
    if answers.profile == "gpu":
        answers = _gpu(answers, before)
    if answers.monthly_usd is None and (answers.azure_region or OPENAI_KEY in answers.secret_names(known)):
        cap = _line("What may paid voices cost in a month, in USD? (Enter: no limit)", before.monthly_usd)
        answers = replace(answers, monthly_usd=cap)
    if answers.alarm_email is None:
        told = _line("Whom shall AWS tell by e-mail when something breaks? (Enter: nobody)", before.alarm_email)
        answers = replace(answers, alarm_email=told)
    return known.complete(answers)


def check_redis(answers: Answers) -> None:
    """Try the Redis that was said by an option. Raises DeployError."""
    if answers.redis_url and (problem := problem_with(answers.redis_url, from_aws=not is_emulated())):
        raise DeployError(problem, f"Name another one in {REDIS_URL}, or none: then there is speech over REST only.")


def _profile(before: str) -> str:
    typer.echo("\nHow shall it run? A room is live for four hours on 20 evenings; infra/COST.md has each term.")
    for name, what in PROFILES.items():
        typer.echo(f"  {name:<9} {what}\n            {_price(name)}")
    while (name := typer.prompt("Profile", default=before)) not in PROFILES:
        typer.echo(f"One of {', '.join(PROFILES)}.")
    return str(name)


def _price(profile: str) -> str:
    usd = told(profile)
    nat = f"; cloud voices {usd.nat} on top, for the way out of its network" if usd.nat else ""
    return f"about {usd.idle} USD a month while idle, {usd.one_room} with one room{nat}"


def _redis(*, has_one: bool) -> str | None:
    typer.echo(_REDIS)
    while True:
        url = _secret("Redis", has_one=has_one)
        if not url:
            return url
        problem = problem_with(url, from_aws=not is_emulated())
        if problem is None:
            typer.echo("It answers.")
            return url
        typer.echo(problem)


def _voices(answers: Answers, before: Answers, known: Known) -> Answers:
    typer.echo(_EDGE)
    if answers.edge_voices is None:
        default = before.edge_voices if known.parameters else None  # the first time nobody says yes by Enter
        answers = replace(answers, edge_voices=typer.confirm("Edge's voices?", default=default))
    if answers.azure_region is None:
        region = _line("Azure Speech's region, e.g. eastasia, if you have a key (Enter: no Azure)", before.azure_region)
        answers = replace(answers, azure_region=region)
    if answers.azure_region and answers.azure_key is None:
        answers = replace(answers, azure_key=_secret("Azure's key", has_one=AZURE_KEY in known.secret_names))
    if answers.openai_key is None:
        answers = replace(answers, openai_key=_secret("OpenAI's key", has_one=OPENAI_KEY in known.secret_names))
    if not known.complete(answers).has_cloud_voice(known):
        typer.echo("Then English is all that is spoken.")
    return answers


def _gpu(answers: Answers, before: Answers) -> Answers:
    if answers.gpu_image is None:
        typer.echo("\nXTTS runs from an image in ECR; gpu_service/README.md says how to make it.")
        answers = replace(answers, gpu_image=_line("The image's address", before.gpu_image))
    if answers.gpu_licence is None and not before.gpu_licence:
        asked = "XTTS's licence (https://coqui.ai/cpml) allows no business use. Have you read it, and accept it?"
        answers = replace(answers, gpu_licence=typer.confirm(asked))
    return answers


def _line(asked: str, before: str | None) -> str:
    """What was typed; ``none`` takes away what there was."""
    line = str(typer.prompt(asked, default=before or "", show_default=bool(before))).strip()
    return "" if line == _REMOVE else line


def _secret(what: str, *, has_one: bool) -> str | None:
    """What was pasted, unseen; None where it stays as it is."""
    hint = f"Enter keeps it, {_REMOVE} takes it away" if has_one else "Enter: none"
    line = str(typer.prompt(f"{what} ({hint}; it is not shown)", default="", show_default=False, hide_input=True))
    line = line.strip()
    if line == _REMOVE:
        return ""
    return line or None
