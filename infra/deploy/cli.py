"""The commands: what is asked for, in which order, and what is said."""

import os
from typing import Annotated

import typer

from infra.deploy.answers import PROFILES, Answers
from infra.deploy.progress import told
from infra.deploy.secret import AZURE_KEY, OPENAI_KEY, REDIS_URL

app = typer.Typer(
    help="Danmu TTS onto AWS and off again, and on emulators.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _known(profile: str | None) -> str | None:
    if profile not in (None, *PROFILES):
        raise typer.BadParameter(f"there are {', '.join(PROFILES)}.")
    return profile


StackName = Annotated[str, typer.Option("--stack", help="What it is called in CloudFormation.", metavar="NAME")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing.")]
ProfileName = Annotated[str | None, typer.Option("--profile", callback=_known, help=f"{', '.join(PROFILES)}.")]
RedisUrl = Annotated[
    str | None,
    typer.Option(envvar=REDIS_URL, show_envvar=True, help="What all functions share. Better not typed here."),
]
EdgeVoices = Annotated[
    bool | None, typer.Option("--edge-voices/--no-edge-voices", help="What is spoken goes to Microsoft.")
]
Licence = Annotated[bool | None, typer.Option("--accept-xtts-licence", help="https://coqui.ai/cpml: not for business.")]
Parameters = Annotated[
    list[str] | None, typer.Option(metavar="NAME=VALUE", help="Another one of template.yaml; may be repeated.")
]
Room = Annotated[str, typer.Option(help="The room whose pages are shown at the end.")]


@app.command()
def deploy(
    stack: StackName = "danmu-tts",
    profile: ProfileName = None,
    redis_url: RedisUrl = None,
    edge_voices: EdgeVoices = None,
    azure_region: Annotated[str | None, typer.Option(help=f"Of Azure Speech; its key in {AZURE_KEY}.")] = None,
    monthly_usd: Annotated[str | None, typer.Option(help="What paid voices may cost in a month.")] = None,
    alarm_email: Annotated[str | None, typer.Option(help="Whom AWS tells when something breaks.")] = None,
    gpu_image: Annotated[str | None, typer.Option(help="Of XTTS, in ECR; for the profile gpu.")] = None,
    accept_xtts_licence: Licence = None,
    architecture: Annotated[str | None, typer.Option(envvar="ARCHITECTURE", help="arm64 or x86_64.")] = None,
    parameter: Parameters = None,
    room: Room = "my-room",
    yes: Yes = False,
) -> None:
    """Put Danmu TTS into your AWS account, or change what is there.

    It asks what you do not say by an option, and remembers. DANMU_TTS_AZURE__KEY and DANMU_TTS_OPENAI__API_KEY are
    taken from the environment.
    """
    from infra.deploy.deploying import deploy_to_aws

    said = Answers(
        profile=profile,
        redis_url=redis_url,
        edge_voices=edge_voices,
        azure_region=azure_region,
        azure_key=os.environ.get(AZURE_KEY) or None,
        openai_key=os.environ.get(OPENAI_KEY) or None,
        monthly_usd=monthly_usd,
        alarm_email=alarm_email,
        gpu_image=gpu_image,
        gpu_licence=accept_xtts_licence,
        architecture=architecture,
        more=dict(_pair(each) for each in parameter or []),
    )
    with told("`make deploy` goes on from here.") as progress:
        deploy_to_aws(stack, said, room, progress, yes=yes)


@app.command()
def destroy(stack: StackName = "danmu-tts", yes: Yes = False) -> None:
    """Take Danmu TTS out of your AWS account, with everything that it keeps there."""
    from infra.deploy.destroying import destroy_on_aws

    with told("`make destroy` goes on from here.") as progress:
        destroy_on_aws(stack, progress, yes=yes)


@app.command("sam-local")
def sam_local(
    port: Annotated[int, typer.Option(envvar="PORT", help="Where the API is.")] = 3000,
    edge_voices: Annotated[bool, typer.Option("--edge-voices", help="What is spoken goes to Microsoft.")] = False,
) -> None:
    """Run the function behind the REST API in Lambda's own container, by `sam local`, until Ctrl-C."""
    from infra.deploy.sam_local import run

    with told("`make sam-local` begins anew.") as progress:
        run(port, progress, edge_voices=edge_voices)


@app.command()
def localstack(
    room: Room = "my-room",
    redis_url: RedisUrl = None,
    edge_voices: Annotated[bool, typer.Option("--edge-voices", help="What is spoken goes to Microsoft.")] = False,
) -> None:
    """Deploy to an emulator of AWS: the one at AWS_ENDPOINT_URL, or MiniStack here until Ctrl-C."""
    from infra.deploy.emulator import run

    with told("`make localstack` begins anew.") as progress:
        run(room, progress, redis_url=redis_url, edge_voices=edge_voices)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise typer.BadParameter(f"{text} is not NAME=VALUE.")
    return name, value


def main() -> None:
    """Run the command line."""
    app(prog_name="python -m infra.deploy")
