"""``danmu-tts``: the command line."""

import os
import sys
from typing import Annotated

import typer

from danmu_tts import __version__
from infra.local.doctor import doctor
from infra.local.keys_cli import keys_app
from infra.local.models_cli import models_app
from infra.local.read_cli import read
from infra.local.replay.cli import replay
from infra.local.say_cli import say
from infra.local.spend_cli import spend

app = typer.Typer(
    name="danmu-tts",
    help="A live stream's chat (danmu), spoken aloud.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(models_app, name="models")
app.add_typer(keys_app, name="keys")
app.command()(doctor)
app.command()(spend)
app.command()(say)
app.command()(replay)
app.command(context_settings={"ignore_unknown_options": True})(read)  # a danmu may begin with a dash


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and stop.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """A live stream's chat (danmu), spoken aloud."""


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; 127.0.0.1 is this machine only.")] = None,
    port: Annotated[int | None, typer.Option(envvar="PORT", min=0, max=65535, help="0: any free port.")] = None,
) -> None:
    """Run the whole service on this machine until Ctrl-C."""
    from infra.local.serve import serve as run_server

    run_server(host, port)


@app.command()
def aws(
    host: Annotated[str, typer.Option(help="Address to listen on. Nobody is asked who they are.")] = "127.0.0.1",
) -> None:
    """Run SQS and S3 for several gateways and GPU services until Ctrl-C; one gateway alone has its own."""
    from infra.local.aws import offer

    try:
        offer(host)
    except OSError as error:
        typer.echo(f"The address cannot be used ({error.strerror}). Set DANMU_TTS_XTTS__LOCAL_PORT.", err=True)
        raise typer.Exit(1) from error


@app.command()
def voices(
    language: Annotated[str | None, typer.Option(help="Only voices of this language, e.g. zh.")] = None,
) -> None:
    """List the voices that can speak here."""
    from rich.console import Console
    from rich.table import Table

    from danmu_tts import process_loop
    from danmu_tts.bootstrap import container

    table = Table("voice", "language", "gender", box=None)
    found = process_loop.run(container().backends.list_voices(language=language))
    if not found:
        typer.echo("No such voice is installed. `danmu-tts doctor` says what is missing.", err=True)
        raise typer.Exit(1)
    for voice in found:
        table.add_row(voice.id, voice.language, voice.gender)
    Console().print(table)


def main() -> None:
    """Run the command line; a setting that cannot be read is said in a line, not in a traceback."""
    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    try:
        app()
    except ValidationError as error:
        for problem in error.errors():
            name = "DANMU_TTS_" + "__".join(str(part) for part in problem["loc"]).upper()
            typer.echo(f"{name}: {problem['msg']}", err=True)
        sys.exit(1)
    except UnicodeDecodeError:
        typer.echo("The file .env is not UTF-8 text. Save it as UTF-8.", err=True)
        sys.exit(1)
    except SettingsError as error:
        given = ", ".join(sorted(name for name in os.environ if name.upper().startswith("DANMU_TTS_")))
        typer.echo(f'{error}. A table is JSON: {{"zh": "kokoro:zh-jm_kumo"}}. Given: {given}.', err=True)
        sys.exit(1)
