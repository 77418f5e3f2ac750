"""Whether Latin letters in which a term was found are that word: no part of Scunthorpe, no pieces of two words."""

import re

_BETWEEN_SENTENCES = re.compile(r"[，。？；：,?;:\n&]|[.!！]\s")
_ENDING = re.compile("(?:e?[sd]|ers?|in|ings?|t?y|ting|z|heads?|you|u|off|face|up|h+|w+|lol)?")
_WORD = re.compile("[A-Za-z]+")
# fu ck: pieces so short are no words. pen is: those are.
_LONGEST_PIECE = 2
# f uck: these letters are no words either.
_WORDS_OF_ONE = frozenset("aiou")
_TOO_SHORT_FOR_LEET = 3
_MOST_LEET = 4  # t!75 has one letter of four
_FEWEST_ENGLISH = 3


def word_end(term: str, text: str, start: int, end: int) -> int | None:
    """Where the word ends that was found in ``text[start:end]``, ending included; None where it is not that word."""
    raw = text[start:end]
    letters = sum(char.isalpha() for char in raw)
    if len(term) <= _TOO_SHORT_FOR_LEET and letters < sum(map(str.isalnum, raw)):  # 5B is a size
        return None
    if letters * _MOST_LEET < len(term.replace(" ", "")):
        return None
    before = text[start - 1 : start]
    if _is_latin(before) or before in ("'", "’"):
        return None
    rest = _WORD.match(text, end)
    ending = rest[0].lower() if rest else ""
    is_said_again = not ending.replace(term, "")
    if not _ENDING.fullmatch(ending) and not is_said_again:
        return None
    return end + len(ending) if _is_one_word(term, raw) else None


def is_english(text: str) -> bool:
    """Whether a line has no other letters than Latin ones, and several words of them."""
    words = _WORD.findall(text)
    return len(words) >= _FEWEST_ENGLISH and not any(char.isalpha() and not char.isascii() for char in text)


def _is_one_word(term: str, raw: str) -> bool:
    pieces = re.findall(r"\w+", raw)
    if all(len(piece) == 1 for piece in pieces):  # f,u,c,k
        return True
    if _BETWEEN_SENTENCES.search(raw):
        return False
    spaced = raw.split()
    if len(spaced) <= 1 or len(spaced) == len(term.split()) > 1:
        return True
    if len(spaced) == 2 and any(len(piece) == 1 and piece.lower() not in _WORDS_OF_ONE for piece in spaced):
        return True
    return all(len(piece) <= _LONGEST_PIECE for piece in spaced)


def _is_latin(char: str) -> bool:
    return char.isalpha() and (char.isascii() or "\u00c0" <= char <= "\u04ff")
