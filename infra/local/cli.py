"""``danmu-tts``: the command line."""

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from danmu_tts import __version__
from danmu_tts.domain.audio import AudioFormat
from infra.local.doctor import doctor
from infra.local.keys_cli import keys_app
from infra.local.models_cli import models_app
from infra.local.spend_cli import spend

if TYPE_CHECKING:
    from danmu_tts.bootstrap import Container
    from danmu_tts.domain.speech import Speech

# Nobody waits for a reply but the person who asked, and Ctrl-C is at hand.
_PATIENCE_MS = 3_600_000

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
def say(
    text: Annotated[str, typer.Argument(help="What to say; - reads standard input.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; - writes to standard output.")
    ] = None,
    voice: Annotated[
        str | None, typer.Option(help="A voice's id, its name, or an alias. See `danmu-tts voices`.")
    ] = None,
    audio_format: Annotated[
        str | None, typer.Option("--format", help="mp3, opus, aac, flac, wav or pcm; else by the file's name.")
    ] = None,
    speed: Annotated[float, typer.Option(min=0.25, max=4, help="Tempo; 1 is the voice's own.")] = 1.0,
) -> None:
    """Speak a text into a file."""
    from danmu_tts import process_loop
    from danmu_tts.bootstrap import container
    from danmu_tts.domain.errors import DanmuTTSError
    from danmu_tts.domain.speech import Prosody, SpeechRequest

    chosen = _format(audio_format, output)
    started = time.perf_counter()
    try:
        request = SpeechRequest(
            text=sys.stdin.read() if text == "-" else text,
            voice=voice,
            format=chosen,
            prosody=Prosody(speed=speed),
            deadline_ms=_PATIENCE_MS,
        )
        speech = process_loop.run(_quiet(container()).speak.speak(request))
    except DanmuTTSError as error:
        typer.echo(f"{error.code}: {error.message}", err=True)
        raise typer.Exit(1) from error
    finally:
        process_loop.run(container().close())
    _write(speech, output, time.perf_counter() - started)


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


def _format(asked: str | None, output: Path | None) -> AudioFormat:
    """The format asked for by name, else by the file's suffix; MP3 where neither says."""
    suffix = output.suffix.removeprefix(".").lower() if output else ""
    name = (asked or suffix or AudioFormat.MP3).lower()
    known = {each.value: each for each in AudioFormat}
    if name not in known:
        hint = "--format" if asked else "--output"
        raise typer.BadParameter(f"{name!r} is none of {', '.join(known)}", param_hint=hint)
    return known[name]


def _quiet(container: "Container") -> "Container":
    """On the command line the answer is the file; the log is for the server."""
    import logging

    if container.settings.logging.level == "INFO":
        logging.getLogger("danmu_tts").setLevel(logging.WARNING)
    return container


def _write(speech: "Speech", output: Path | None, elapsed_s: float) -> None:
    encoded = speech.encoded
    target = output or Path(f"speech.{encoded.format}")
    try:
        if str(output) == "-":
            sys.stdout.buffer.write(encoded.audio)
            sys.stdout.buffer.flush()
            return
        target.write_bytes(encoded.audio)
    except BrokenPipeError:  # the reader has heard enough, and Python must not try to write the rest at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return
    except OSError as error:
        typer.echo(f"Cannot write {target}: {error.strerror}.", err=True)
        raise typer.Exit(1) from error
    how = f"from the {speech.cached} cache" if speech.cached else f"by {encoded.voice}"
    typer.echo(f"{target}: {encoded.duration_ms / 1000:.1f} s of speech {how}, in {elapsed_s:.2f} s")
