"""Whole numbers in hanzi."""

_DIGITS = "零一二三四五六七八九"
_ONE_ON_THE_PHONE = "幺"
_PLACES = ("", "十", "百", "千")
_MYRIADS = ("", "万", "亿")
MOST_DIGITS = 12


def spelled(digits: str, *, one: str = "一") -> str:
    """Digit by digit: ``2077`` is 二零七七."""
    return "".join(one if digit == "1" else _DIGITS[int(digit)] for digit in digits)


def spelled_phone(digits: str) -> str:
    """Digit by digit, as telephone numbers are said: ``110`` is 幺幺零."""
    return spelled(digits, one=_ONE_ON_THE_PHONE)


def cardinal(digits: str) -> str:
    """As a number: ``105`` is 一百零五. More digits than ``MOST_DIGITS`` are spelled."""
    digits = digits.lstrip("0")
    if not digits:
        return _DIGITS[0]
    if len(digits) > MOST_DIGITS:
        return spelled(digits)
    groups = [digits[max(0, end - 4) : end] for end in range(len(digits), 0, -4)]  # ones first
    said, skipped = "", False
    for group, myriad in reversed(list(zip(groups, _MYRIADS, strict=False))):
        if not int(group):
            skipped = bool(said)
            continue
        needs_zero = bool(said) and (skipped or group[0] == "0")
        said += ("零" if needs_zero else "") + _below_myriad(group.lstrip("0")) + myriad
        skipped = False
    if said.startswith("一十"):
        return said.removeprefix("一")
    return "两" + said[1:] if said.startswith(("二千", "二万", "二亿")) else said


def _below_myriad(digits: str) -> str:
    said, skipped = "", False
    for place, digit in zip(range(len(digits) - 1, -1, -1), digits, strict=True):
        if digit == "0":
            skipped = True
            continue
        said += ("零" if skipped else "") + _DIGITS[int(digit)] + _PLACES[place]
        skipped = False
    return said
