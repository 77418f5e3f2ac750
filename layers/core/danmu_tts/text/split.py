"""Cut a text into pieces to be spoken one after another.

The first piece is the first clause, so that a listener hears something early; what follows are whole sentences,
because a voice phrases a sentence better than its parts. A cut is never made inside a number or a
word that anybody would write.
"""

import re
from itertools import pairwise

# Full-width marks end a piece at once; ASCII ones only before a space or the end, so 1,000 and 3.5 stay whole,
# and 12：30 too.
_SENTENCE_END = re.compile(r"[。！？…]+[”’」』）)\"']*|[.!?]+[\"')]*(?=\s|$)|\n+")
_CLAUSE_END = re.compile(r"(?:(?<!\d)[，：]|[，：](?!\d)|[、；。！？…])+[”’」』）)\"']*|[,;:.!?]+[\"')]*(?=\s|$)|\n+")
_WORD = re.compile("[々〇ぁ-ゖァ-ヺー\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff]|[^\\W_]+")

_LATIN_WORD = re.compile(r"[^\W_\u2e80-\U0010ffff]{2,}")

# One hanzi alone would be over before the rest is ready.
_MIN_FIRST_SYLLABLES = 2
_MAX_PIECE_CHARS = 180


def split_for_speech(text: str) -> list[str]:
    """Cut a cleaned text into non-empty pieces that together hold every word of it, in order."""
    first, rest = _first_clause(text)
    pieces = [first, *_cut(rest, _SENTENCE_END)] if rest else _cut(text, _SENTENCE_END)
    bounded = [part for piece in pieces for part in _bound(piece)]
    return [piece for piece in bounded if _WORD.search(piece)]


def _first_clause(text: str) -> tuple[str, str]:
    """The shortest opening clause that is long enough and is followed by another word, and the rest."""
    for match in _CLAUSE_END.finditer(text):
        head, tail = text[: match.end()], text[match.end() :]
        if not _WORD.search(tail):
            break
        if len(_WORD.findall(head)) + len(_LATIN_WORD.findall(head)) >= _MIN_FIRST_SYLLABLES:
            return head.strip(), tail.strip()
    return text, ""


def _cut(text: str, ends: re.Pattern[str]) -> list[str]:
    return [piece for span in _spans(text, ends) if (piece := span.strip())]


def _bound(piece: str) -> list[str]:
    """Cut an over-long piece at clauses, else at spaces, else between hanzi, else anywhere: no word is that long."""
    if len(piece) <= _MAX_PIECE_CHARS:
        return [piece]
    for pattern in (_CLAUSE_END, re.compile(r"\s+"), re.compile("(?<=[\u3040-\u9fff])")):
        parts = _pack(_spans(piece, pattern))
        if len(parts) > 1:
            return [part for whole in parts for part in _bound(whole)]
    return [piece[start : start + _MAX_PIECE_CHARS] for start in range(0, len(piece), _MAX_PIECE_CHARS)]


def _spans(text: str, ends: re.Pattern[str]) -> list[str]:
    edges = [0, *(match.end() for match in ends.finditer(text)), len(text)]
    return [text[start:end] for start, end in pairwise(edges) if start < end]


def _pack(parts: list[str]) -> list[str]:
    """Join neighbours while they fit, so that pieces are few."""
    packed = [""]
    for part in parts:
        if packed[-1] and len(packed[-1]) + len(part) > _MAX_PIECE_CHARS:
            packed.append("")
        packed[-1] += part
    return packed
