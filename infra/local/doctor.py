"""``danmu-tts doctor``: what works here, what is missing and how to get it. It tries things rather than asking."""

import logging
import os
import platform
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

from infra.local.doctor_stores import Finding, try_folder, try_stores

if TYPE_CHECKING:
    from danmu_tts.bootstrap import Container

_SAMPLES = {"zh": "你好", "en": "hello", "ja": "こんにちは"}
_PATIENCE_S = 60.0
_ENV_PREFIX = "DANMU_TTS_"


def doctor() -> None:
    """Try everything this installation needs; say what is missing and how to get it."""
    from rich.console import Console
    from rich.markup import escape

    from danmu_tts.bootstrap import container

    logging.disable(logging.CRITICAL)  # what is wrong is said below, once
    console = Console(highlight=False)
    findings = []
    for finding in _examine(container()):
        findings.append(finding)
        console.print(f"{_mark(finding)} {escape(finding.what)}: [dim]{escape(finding.detail)}[/]", soft_wrap=True)
    if any(finding.needed and not finding.works for finding in findings):
        raise typer.Exit(1)


def _mark(finding: Finding) -> str:
    if finding.works is None:
        return "[dim]off    [/]"
    if finding.works:
        return "[green]ok     [/]"
    return "[red]missing[/]" if finding.needed else "[yellow]missing[/]"


def _examine(container: "Container") -> Iterator[Finding]:
    yield Finding(
        "Python", True, f"{platform.python_version()} on {platform.platform(terse=True)}, {os.cpu_count()} cores"
    )
    spoken = [_try_backend(container, name) for name in container.backends.names]
    yield from spoken
    broken = {each.name for each in container.broken}
    for name, reason in container.backends.absent.items():
        if name not in broken:
            yield Finding(f"Backend {name}", None, reason)
    for each in container.broken:
        yield Finding(f"{each.kind.capitalize()} {each.name}", False, each.reason)
    yield from try_stores(container)
    for plugin in container.plugins:
        yield Finding(f"Plugin {plugin.name}", True, f"version {plugin.version}")
    if not any(finding.works for finding in spoken):
        named = "see above" if container.settings.tts.backends else "DANMU_TTS_TTS__BACKENDS names no backend"
        yield Finding("A voice", False, f"none speaks: {named}", needed=True)
    if file := container.settings.reading.file:
        problem = container.readers.problem
        yield Finding("Reading rules", problem is None, problem or str(file))
    yield from _unknown_default_voices(container)
    yield from _try_formats()
    yield try_folder("Audio cache", container.settings.cache.directory)
    yield try_folder("Fetched models", container.settings.models.directory)
    yield from _unknown_settings(container)


def _try_backend(container: "Container", name: str) -> Finding:
    """Make it say a word; one that costs money is only asked how it is."""
    from danmu_tts import process_loop
    from danmu_tts.domain.errors import DanmuTTSError
    from danmu_tts.domain.speech import Utterance

    what, watched = f"Backend {name}", container.backends.watched[name]
    reports = process_loop.run(container.backends.reports())
    voices = process_loop.run(container.backends.list_voices(backend=name))
    languages = ", ".join(sorted({voice.language for voice in voices}))
    health = reports[name].health
    if not health.available or watched.backend.traits.usd_per_million_chars:
        return Finding(what, health.available, health.detail)

    async def speak() -> float:
        word = _SAMPLES.get(voices[0].language[:2], "123")
        chunks = watched.synthesize(Utterance(word, voices[0]), _PATIENCE_S)
        return sum([chunk.duration_ms async for chunk in chunks])

    try:
        started = time.perf_counter()
        process_loop.run(speak())
        load_s = time.perf_counter() - started
        audio_ms = process_loop.run(speak())
    except DanmuTTSError as error:
        return Finding(what, False, error.message)
    factor = (time.perf_counter() - started - load_s) * 1000 / audio_ms
    return Finding(
        what,
        True,
        f"{len(voices)} voices ({languages}); ready in {load_s:.1f} s, then {factor:.2f} s a second of speech",
    )


def _unknown_default_voices(container: "Container") -> Iterator[Finding]:
    from danmu_tts import process_loop

    known = {voice.id for voice in process_loop.run(container.backends.list_voices())}
    for language, voice in container.settings.tts.default_voices.items():
        if voice not in known:
            yield Finding(f"Default voice for {language}", False, f"{voice} is no voice here; another one speaks")


def _try_formats() -> Iterator[Finding]:
    from danmu_tts.bootstrap import default_encoders
    from danmu_tts.domain.audio import AudioFormat
    from danmu_tts.domain.errors import UnsupportedFormatError

    for audio_format in AudioFormat:
        try:
            encoder = default_encoders().open(audio_format, 22_050, volume=1.0, pitch_ratio=1.0)
            encoder.write(bytes(22_050))
            encoder.finish()
            yield Finding(f"Format {audio_format}", True, audio_format.content_type)
        except UnsupportedFormatError as error:
            yield Finding(f"Format {audio_format}", False, error.message)


def _unknown_settings(container: "Container") -> Iterator[Finding]:
    """A misspelt variable is silently without effect, so say it."""
    fields = type(container.settings).model_fields
    known = {
        f"{_ENV_PREFIX}{group}__{name}".upper()
        for group in fields
        for name in type(getattr(container.settings, group)).model_fields
    } | {f"{_ENV_PREFIX}{group}".upper() for group in fields}
    from dotenv import dotenv_values

    for variable in sorted({*os.environ, *dotenv_values(".env")}):
        if variable.upper().startswith(_ENV_PREFIX) and variable.upper() not in known:
            yield Finding(variable, False, "no such setting; the names are DANMU_TTS_<CLASS>__<FIELD>")
