"""Numbers that nobody should hear: telephones, identity cards, bank cards."""

import re
from collections.abc import Iterator, Sequence

_FEWEST_DIGITS, _MOST_DIGITS = 11, 19
_HANZI = ("零〇", "一幺壹", "二两贰", "三叁", "四肆", "五伍", "六陆", "七柒", "八捌", "九玖")
_VALUES = {char: str(value) for value, chars in enumerate(_HANZI) for char in chars}
_DIGIT = f"[0-9{''.join(_VALUES)}]"
# Digits with a few signs between two of them; an identity card may end in X.
_SIGN = r"[^\w\n]{0,3}_?"
_NUMBER = re.compile(f"\\+?{_DIGIT}(?:{_SIGN}{_DIGIT}){{{_FEWEST_DIGITS - 2},}}(?:{_SIGN}[0-9Xx])?")
_GROUP = re.compile(f"[+]?(?:{_DIGIT}|[Xx])+")
# How people group the digits of a number; other groups are several numbers.
_GROUPINGS = frozenset(
    {(3, 4, 4), (3, 8), (7, 4), (3, 3, 5), (4, 4, 3), (6, 8, 4), (6, 4, 4, 4), (4, 4, 4, 4), (4, 4, 4, 4, 3)}
)
_MOBILE = re.compile(r"(?:\+?86|0086)?(1[3-9]\d{9})")
_ABROAD = re.compile(r"\+\d{10,15}")
_IDENTITY_CARD = re.compile(r"[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dX]")
_BANK_CARD = re.compile(r"[3-6]\d{14,18}")
_FEWEST_DIFFERENT = 3
_CHARMS = re.compile("5201314|1314520|14159265358")  # for ever and ever; pi
# ISO 7064 MOD 11-2, as GB 11643-1999 has it.
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"


def find_private(text: str) -> Iterator[tuple[int, int]]:
    """Where such a number starts and ends in a cleaned text, written in digits or in hanzi."""
    if len(text) < _FEWEST_DIGITS:
        return
    for match in _NUMBER.finditer(text):
        groups = [group.span() for group in _GROUP.finditer(text, *match.span())]
        at = 0
        while at < len(groups):  # the longest that begins with this group: other numbers may stand beside it
            start = groups[at][0]
            ends = range(min(len(groups), at + _MOST_DIGITS), at, -1)
            end = next((end for end in ends if _is_one(groups[at:end], text)), 0)
            if end:
                yield start, groups[end - 1][1]
            at = max(at + 1, end)


def _is_one(groups: Sequence[tuple[int, int]], text: str) -> bool:
    """Whether groups of digits are one person's number."""
    number = _plain(text[groups[0][0] : groups[-1][1]])
    sizes = tuple(end - start for start, end in groups)
    is_grouped = len(sizes) == 1 or set(sizes) == {1} or sizes in _GROUPINGS or number.startswith("+")
    return is_grouped and is_private(number)


def _plain(number: str) -> str:
    """In digits, and X."""
    digits = "".join(_VALUES.get(char, char) for char in number.upper() if char in _VALUES or char.isalnum())
    return f"+{digits}" if number.startswith("+") else digits


def is_private(number: str) -> bool:
    """Whether a number, of digits alone, has the form of one that belongs to a person."""
    digits = number.lstrip("+")
    if _IDENTITY_CARD.fullmatch(digits):
        return (
            _CHECKS[sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=False)) % 11]
            == digits[-1]
        )
    if len(set(digits)) == 1:  # 66666666666
        return False
    if mobile := _MOBILE.fullmatch(number):
        return len(set(mobile[1])) >= _FEWEST_DIFFERENT and not _CHARMS.search(mobile[1])
    if _ABROAD.fullmatch(number):
        return True
    return bool(_BANK_CARD.fullmatch(digits)) and _passes_luhn(digits)


def _passes_luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    doubled = [sum(divmod(int(digit) * (2 - position % 2), 10)) for position, digit in enumerate(reversed(digits), 1)]
    return sum(doubled) % 10 == 0
