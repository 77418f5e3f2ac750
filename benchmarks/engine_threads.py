"""Why the number of threads follows the load: an utterance alone, and every core busy, by ONNX Runtime threads."""

import asyncio
import time
from pathlib import Path
from typing import Any

from danmu_tts.adapters.backends.kokoro import KokoroBackend
from danmu_tts.adapters.backends.piper import PiperBackend
from danmu_tts.domain.speech import Utterance
from danmu_tts.engine_slots import EngineSlots

_TEXT = {"piper": "that was the best round I have ever seen", "kokoro": "今天的天气真不错，我们出去走走吧"}
_UTTERANCES = 12
_SECOND_SESSION_S = 3


def run(_: list[str]) -> None:
    """Print a row for each engine and number of threads."""
    for threads in (1, 2, 0):
        for make in (_piper, _kokoro):
            asyncio.run(_measure(make(threads), threads))


def _piper(threads: int) -> Any:
    return PiperBackend(EngineSlots(), Path("no-such-folder"), threads=threads)


def _kokoro(threads: int) -> Any:
    return KokoroBackend(EngineSlots(), threads=threads)


async def _measure(backend: Any, threads: int) -> None:
    utterance = Utterance(_TEXT[backend.name], (await backend.get_voices())[0])

    async def speak() -> float:
        return float(sum([chunk.duration_ms async for chunk in backend.synthesize(utterance)]) / 1000)

    await asyncio.gather(speak(), speak())
    await asyncio.sleep(_SECOND_SESSION_S)
    wall, cpu = time.perf_counter(), time.process_time()
    await speak()
    alone = time.perf_counter() - wall
    wall, cpu = time.perf_counter(), time.process_time()
    audio = sum(await asyncio.gather(*(speak() for _ in range(_UTTERANCES))))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(
        f"{backend.name:7} {threads or 'auto'} threads: alone {alone * 1000:6.0f} ms; all cores busy "
        f"{audio / wall:5.1f} audio seconds a second, {audio / cpu:5.1f} a CPU second"
    )
