"""Chat to speak: a file of the user's, or lines composed from a few."""

import json
from itertools import product
from pathlib import Path

from danmu_tts.text.clean import clean
from danmu_tts.text.scripts import can_be_spoken

_OPENINGS = ("wow", "hello everyone", "good luck", "no way", "nice one", "well played", "I just got here", "one more")
_MIDDLES = ("that was close", "what a song", "the sound is fine now", "where did you buy it", "see you tomorrow")
_CLOSINGS = ("!", ", thank you", ", please do it again", ", greetings from the back row", "?")


def load_lines(path: Path | None, count: int) -> list[str]:
    """``count`` different lines that have something to say, in the file's order."""
    raw = path.read_text("utf-8").splitlines() if path else _composed()
    texts = dict.fromkeys(_text(line) for line in raw)
    return [text for text in texts if can_be_spoken(clean(text))][:count]


def _composed() -> list[str]:
    return [f"{opening}, {middle}{closing}" for opening, middle, closing in product(_OPENINGS, _MIDDLES, _CLOSINGS)]


def _text(line: str) -> str:
    return str(json.loads(line)["text"]) if line.startswith("{") else line
