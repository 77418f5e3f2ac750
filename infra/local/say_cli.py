"""``danmu-tts say``: a text into a file, made in this process or heard from a server while it is made."""

import asyncio
import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, NoReturn

import typer

from danmu_tts.domain.audio import AudioFormat

if TYPE_CHECKING:
    from danmu_tts.bootstrap import Container
    from danmu_tts.client import SpeakOptions
    from danmu_tts.domain.speech import SpeechRequest

# Nobody waits for a reply but the person who asked, and Ctrl-C is at hand.
_PATIENCE_MS = 3_600_000
_SERVER_PATIENCE_S = 5.0
_SERVER = "http://127.0.0.1:8000"
_INTERRUPTED = 130


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
    stream: Annotated[
        bool, typer.Option("--stream", help="Ask a running server, and write the audio while it is made.")
    ] = False,
    server: Annotated[
        str | None, typer.Option(help=f"That server; {_SERVER} unless named. Naming one implies --stream.")
    ] = None,
    key: Annotated[
        str | None, typer.Option(envvar="DANMU_TTS_API_KEY", help="API key for a server that wants one.")
    ] = None,
) -> None:
    """Speak a text into a file: here, or heard from a server while it makes it."""
    chosen = _format(audio_format, output)
    text = sys.stdin.read() if text == "-" else text
    if stream or server:
        options: SpeakOptions = {"format": chosen.value, "speed": speed}
        if voice:
            options["voice"] = voice
        _stream(text, options, server or _SERVER, key, output)
        return
    from danmu_tts.domain.speech import Prosody, SpeechRequest

    prosody = Prosody(speed=speed)
    _make(SpeechRequest(text, voice, format=chosen, prosody=prosody, deadline_ms=_PATIENCE_MS), output)


def _make(request: "SpeechRequest", output: Path | None) -> None:
    from danmu_tts import process_loop
    from danmu_tts.bootstrap import container
    from danmu_tts.domain.errors import DanmuTTSError

    started = time.perf_counter()
    try:
        speech = process_loop.run(_quiet(container()).speak.speak(request))
    except DanmuTTSError as error:
        _fail(f"{error.code}: {error.message}", error)
    finally:
        process_loop.run(container().close())
    encoded = speech.encoded
    with _opened(output, encoded.format) as file:
        file.write(encoded.audio)
    if str(output) == "-":
        return
    how = f"from the {speech.cached} cache" if speech.cached else f"by {encoded.voice}"
    elapsed_s = time.perf_counter() - started
    target = output or _default(encoded.format)
    typer.echo(f"{target}: {encoded.duration_ms / 1000:.1f} s of speech {how}, in {elapsed_s:.2f} s")


def _stream(text: str, options: "SpeakOptions", server: str, key: str | None, output: Path | None) -> None:
    from pydantic import ValidationError

    from danmu_tts.client import NotConnectedError, RefusedError, SpeechError

    try:
        asyncio.run(_hear(text, options, server, key, output))
    except NotConnectedError as error:
        _fail(f"{error} Start one by `danmu-tts serve`, or name another by --server.", error)
    except RefusedError as error:
        _fail(f"{server} refuses ({error}). --key takes an API key; `danmu-tts keys create` makes one.", error)
    except SpeechError as error:
        _fail(f"{error.code}: {error}", error)
    except ValidationError as error:
        problem = error.errors()[0]
        _fail(f"invalid_request: {problem['loc'][0]}: {problem['msg']}.", error)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--server") from error
    except KeyboardInterrupt:
        typer.echo("Cancelled; what was heard until then is kept.", err=True)
        raise typer.Exit(_INTERRUPTED) from None


async def _hear(text: str, options: "SpeakOptions", server: str, key: str | None, output: Path | None) -> None:
    from danmu_tts.client import Client

    started, first_s = time.perf_counter(), 0.0
    async with Client(server, key, patience_s=_SERVER_PATIENCE_S) as client:
        utterance = client.stream(text, **options)
        with ExitStack() as stack:
            file = None  # what says nothing at all leaves no file
            async for piece in utterance:
                first_s = first_s or time.perf_counter() - started
                file = file or stack.enter_context(_opened(output, options["format"]))
                _write(file, piece.data, restart=piece.restart)
    done = utterance.done
    if str(output) == "-" or done is None:  # None: who read it has heard enough
        return
    target = output or _default(options["format"])
    how = f"from the {done.cached} cache" if done.cached else f"by {done.voice}"
    typer.echo(
        f"{target}: {done.duration_ms / 1000:.1f} s of speech {how}, first audio after {first_s:.2f} s, "
        f"all in {time.perf_counter() - started:.2f} s"
    )


def _write(file: IO[bytes], data: bytes, *, restart: bool) -> None:
    if restart and file.seekable():
        file.seek(0)
        file.truncate()
    elif restart:
        typer.echo("Another voice begins anew.", err=True)
    file.write(data)
    file.flush()


@contextmanager
def _opened(output: Path | None, audio_format: str) -> Iterator[IO[bytes]]:
    """The file, or standard output; what cannot be written is said in a line."""
    target = output or _default(audio_format)
    try:
        if str(output) == "-":
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
            return
        with target.open("wb") as file:
            yield file
    except BrokenPipeError:  # the reader has heard enough, and Python must not try to write the rest at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        _fail(f"Cannot write {target}: {error.strerror}.", error)


def _fail(message: str, error: Exception) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(1) from error


def _default(audio_format: str) -> Path:
    return Path(f"speech.{audio_format}")


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
