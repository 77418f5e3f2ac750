"""Cut a text into pieces to be spoken one after another.

The first piece is the first clause, so that a listener hears something early. What follows grows: while one piece is
heard the next one is made, and a voice phrases a sentence better than its parts. A cut is never made inside a number or
a word that anybody would write.
"""

import re
from itertools import pairwise

# Full-width marks end a piece at once; ASCII ones only before a space or the end, so 1,000 and 3.5 stay whole,
# and 12：30 too.
_SENTENCE_END = re.compile(r"[。！？…]+[”’」』）)\"']*|[.!?]+[\"')]*(?=\s|$)|\n+")
_CLAUSE_END = re.compile(r"(?:(?<!\d)[，：]|[，：](?!\d)|[、；。！？…])+[”’」』）)\"']*|[,;:.!?]+[\"')]*(?=\s|$)|\n+")
_WORD = re.compile("[々〇ぁ-ゖァ-ヺー\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff]|[^\\W_]+")

_LATIN_WORD = re.compile(r"[^\W_\u2e80-\U0010ffff]{2,}")

# Where nothing else parts a text: behind a hanzi or kana, but not between two hanzi of a number.
_BETWEEN_HANZI = re.compile(
    "(?<=[\u3040-\u9fff])(?!(?<=[零一二两三四五六七八九十百千万亿点])[零一二三四五六七八九十百千万亿点])"
)
_SPACES = re.compile(r"\s+")

# One hanzi alone would be over before the rest is ready.
_MIN_FIRST_SYLLABLES = 2
# Engines here make speech in 0.4 of the time that it takes at the worst, so twice as much is ready in time.
_MOST_GROWTH = 2
# Shorter pieces than this do not sound like speech.
_SHORTEST_CUT_SYLLABLES = 14
_MAX_PIECE_CHARS = 180


def split_for_speech(text: str) -> list[str]:
    """Cut a cleaned text into non-empty pieces that together hold every word of it, in order."""
    first, rest = _first_clause(text)
    pieces = [part for head in ([first] if rest else _cut(first, _SENTENCE_END)) for part in _bound(head)]
    for sentence in _cut(rest, _SENTENCE_END):
        pieces += _grown(sentence, _syllables(pieces[-1]))
    return [piece for piece in pieces if _WORD.search(piece)]


def cut_to(text: str, most_chars: int) -> list[str]:
    """Cut a cleaned text into as few pieces as can be, of at most so many characters and about as long as each other.

    Pieces without a letter or a digit are left out.
    """
    return [piece for piece in _bound(text.strip(), most_chars) if _WORD.search(piece)]


def _first_clause(text: str) -> tuple[str, str]:
    """The shortest opening clause that is long enough and is followed by another word, and the rest."""
    for match in _CLAUSE_END.finditer(text):
        head, tail = text[: match.end()], text[match.end() :]
        if not _WORD.search(tail):
            break
        if _syllables(head) >= _MIN_FIRST_SYLLABLES:
            return head.strip(), tail.strip()
    return text, ""


def _syllables(text: str) -> int:
    """At least so many: one a hanzi or kana, two a Latin word."""
    return len(_WORD.findall(text)) + len(_LATIN_WORD.findall(text))


def _grown(sentence: str, before: int) -> list[str]:
    """A sentence whole, or in pieces of clauses, none too long for the one of ``before`` syllables heard before it."""
    pieces, syllables = [""], 0
    for clause in _spans(sentence, _CLAUSE_END):
        more = _syllables(clause)
        if pieces[-1] and syllables + more > max(_SHORTEST_CUT_SYLLABLES, _MOST_GROWTH * before):
            pieces.append("")
            before, syllables = syllables, 0
        pieces[-1] += clause
        syllables += more
    return [part for piece in pieces for part in _bound(piece.strip()) if part]


def _cut(text: str, ends: re.Pattern[str]) -> list[str]:
    return [piece for span in _spans(text, ends) if (piece := span.strip())]


def _bound(piece: str, most_chars: int = _MAX_PIECE_CHARS) -> list[str]:
    """Cut an over-long piece at clauses, else at spaces, else between hanzi, else anywhere: no word is that long."""
    if len(piece) <= most_chars:
        return [piece]
    for pattern in (_CLAUSE_END, _SPACES, _BETWEEN_HANZI):
        parts = _balanced(_spans(piece, pattern), most_chars)
        if len(parts) > 1:
            return [part for whole in parts for part in _bound(whole, most_chars)]
    return [piece[start : start + most_chars] for start in range(0, len(piece), most_chars)]


def _spans(text: str, ends: re.Pattern[str]) -> list[str]:
    edges = [0, *(match.end() for match in ends.finditer(text)), len(text)]
    return [text[start:end] for start, end in pairwise(edges) if start < end]


def _balanced(parts: list[str], most_chars: int) -> list[str]:
    """Join neighbours into as few pieces as can be, about as long as each other."""
    whole = sum(map(len, parts))
    aim = whole / -(-whole // most_chars)
    packed = [""]
    for part in parts:
        if packed[-1] and len(packed[-1]) + len(part) / 2 > aim:
            packed.append("")
        packed[-1] += part
    return packed
