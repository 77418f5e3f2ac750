"""Texts to what XTTS reads: token numbers, in pieces that are not too long for it."""

from TTS.tts.layers.xtts.tokenizer import VoiceBpeTokenizer

from gpu_service.ports import LineError

_UNREADABLE = (ArithmeticError, LookupError, ValueError, TypeError, NotImplementedError, ImportError)
"""What the library's readers of numbers, money and scripts raise for texts that they did not expect."""


def tokens(tokenizer: VoiceBpeTokenizer, text: str, language: str, most: int) -> list[list[int]]:
    """Token numbers of a text; of its halves where it has more than ``most`` (pinyin is longer than what it reads).

    Raises LineError: failed.
    """
    said = text.strip().lower()
    if not any(character.isalnum() for character in said):
        return []
    try:
        found: list[int] = tokenizer.encode(said, lang=language)
    except _UNREADABLE as exc:
        raise LineError("failed", f"XTTS cannot read this text in {language}: {type(exc).__name__}: {exc}") from exc
    if len(found) <= most:
        return [found]
    if len(said) < 2:
        raise LineError("failed", "a single character is too long for XTTS")
    middle = _break_near(said, len(said) // 2)
    return [piece for half in (said[:middle], said[middle:]) for piece in tokens(tokenizer, half, language, most)]


def _break_near(text: str, middle: int) -> int:
    """Where to cut: after what is no letter nearest to the middle, else in it."""
    breaks = [place + 1 for place, character in enumerate(text[:-1]) if not character.isalnum()]
    return min(breaks, key=lambda place: abs(place - middle), default=middle)
