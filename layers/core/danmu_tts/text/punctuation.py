"""Signs: those that say how to pause stay, once; the others go."""

import re

from danmu_tts.text.aligned import Aligned
from danmu_tts.text.faces import LONE_LETTERS
from danmu_tts.text.line import Line
from danmu_tts.text.scripts import HAN, KANA

_CJK = f"{HAN}{KANA}"
_KEPT = "，。！？、；：…‥—“”‘’《》〈〉（）「」『』【】,.!?:;'\"()~～"
_BESIDE_WORDS = "-%&$€£¥+°℃℉·・/|"
# Most lines: nothing to do for those.
_WORDS = re.compile(f"[0-9A-Za-z{_CJK} \n，。！？、；：…“”《》,.!?:;']*")
# Vowel and tone marks of scripts in which they are no letters.
_MARKS = "\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u0900-\u0dff\u0e31-\u0e4e\u3099\u309a"
_SIGNS = re.compile(f"[^\\w\\s{re.escape(_KEPT)}{re.escape(_BESIDE_WORDS)}{_MARKS}]+|_+")
_COMPARED = (
    (re.compile(r"(?<=\w) ?[>＞] ?(?=\w)"), "大于"),
    (re.compile(r"(?<=\w) ?[<＜] ?(?=\w)"), "小于"),
    (re.compile(r"(?<=\w) ?≠ ?(?=\w)"), "不等于"),
)
_LONELY = re.compile(f"(?<!\\w)[{re.escape(_BESIDE_WORDS)}]+(?!\\w)|([{re.escape(_BESIDE_WORDS)}])\\1+")
_SLASH = re.compile(f"(?<=[{_CJK}])\\s*[/|]\\s*(?=\\w)|(?<=\\w)\\s*[/|]\\s*(?=[{_CJK}])")
_PLUSES = re.compile(r"(?<=\w)\++")
_DOT_BETWEEN_NAMES = re.compile(f"(?<=[{_CJK}])·(?=[{_CJK}])")
_AND = re.compile(r"(?<=\w)\s*&\s*(?=\w)")
_LATIN_AND = re.compile(r"(?<=[A-Za-z])\s?&\s?(?=[A-Za-z])")
_ANDS = {"zh": "和", "ja": "と", "ko": " 앤드 "}
_TILDES = re.compile(r"[~～〜]+")
_STORM = re.compile("[，。！？、；：…‥,.!?;:]{2,}|…|‥|——+|--+")
_LEADING = re.compile(r"[\s，。！？、；：…,.!?;:)）】」』》〉\]}~～/|&%+·・-]+")
_EMPTY_BRACKETS = re.compile(r"[(（【「『《〈“]\s*[)）】」』》〉”]")
_SPACE = re.compile(f"(?<=[{_CJK}]) +(?=[{_CJK}])")
_CJK_CHAR = re.compile(f"[{_CJK}]")
_SPACES = re.compile(r" {2,}| (?=[，。！？、；：…])|(?<=[，。！？、；：…]) ")
_OPEN_END = re.compile(r"[\s（(【「『《〈“/|\\]+$")


def drop_signs(read: Aligned, line: Line) -> Aligned:
    """Leave out what no reader says: decorations, and signs that stand beside no word."""
    if _WORDS.fullmatch(read.text):
        return read
    read = read.sub(LONE_LETTERS, " ")
    if line.language == "zh":
        for pattern, said in _COMPARED:
            read = read.sub(pattern, said)
    read = read.sub(_SIGNS, _sign)
    read = read.sub(_LATIN_AND, " and ").sub(_AND, _ANDS.get(line.language, " and "))
    read = read.sub(_SLASH, "，" if line.language in ("zh", "ja") else ", ")
    if line.language == "zh":
        read = read.sub(_PLUSES, lambda match: "加" * len(match[0]))
    return read.sub(_DOT_BETWEEN_NAMES, "").sub(_LONELY, " ")


def _sign(match: re.Match[str]) -> str:
    """A space for it, but not between two hanzi: 人↑人."""
    text, (start, end) = match.string, match.span()
    is_inside = _CJK_CHAR.match(text[start - 1 : start]) and _CJK_CHAR.match(text[end : end + 1])
    return "" if is_inside else " "


def calm_punctuation(read: Aligned, line: Line) -> Aligned:
    """One mark where there is a storm of them, and a comma for the space between two Chinese words."""
    read = read.sub(_TILDES, _tilde) if "~" in read.text or "～" in read.text or "〜" in read.text else read
    read = read.sub(_EMPTY_BRACKETS, " ").sub(_STORM, _mark).sub(_SPACES, _space)
    if " " in read.text:
        read = read.sub(_SPACE, _comma if line.language == "zh" else "、")
    read = read.sub(_OPEN_END, "")
    if lead := _LEADING.match(read.text):
        read = _behind(read, lead.end())
    return read.strip()


def _behind(read: Aligned, start: int) -> Aligned:
    """Without its beginning; a minus stays with its number."""
    text = read.text
    if text[start - 1] == "-" and text[start : start + 1].isdigit():
        start -= 1
    return read.cut(start, len(text))


def _tilde(match: re.Match[str]) -> str:
    before, after = match.string[: match.start()], match.string[match.end() :]
    if before[-1:].isdigit() and after[:1].isdigit():
        return "~"
    is_between = before[-1:].isalnum() and after[:1].isalnum()
    return "，" if is_between and not (before[-1].isascii() and after[0].isascii()) else " "


def _mark(match: re.Match[str]) -> str:
    marks = match[0]
    if marks[0] in "—-":
        return "，" if match.start() and match.end() < len(match.string) else " "
    asks, shouts = re.search("[?？]", marks), re.search("[!！]", marks)
    if asks or shouts:
        found = sorted((each for each in (asks, shouts) if each), key=lambda each: each.start())
        return "".join(each[0] for each in found)
    if "…" in marks or "‥" in marks or re.search(r"[.。]{3}|\.\.", marks):
        return "…"
    return next((mark for mark in marks if mark in "。."), marks[0])


def _space(match: re.Match[str]) -> str:
    return " " if len(match[0]) > 1 else ""


def _comma(match: re.Match[str]) -> str:
    """Between words a pause; none between characters that were only spread out."""
    text = match.string
    left, right = text[: match.start()], text[match.end() :]
    is_spread = not _CJK_CHAR.match(left[-2:-1]) and not _CJK_CHAR.match(right[1:2])
    return "" if is_spread else "，"
