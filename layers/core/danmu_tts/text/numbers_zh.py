"""Digits in Chinese chat, as they are said: 3:2 is 三比二, 12:30 十二点三十分, 2个 两个, 3090 三零九零."""

import re
from collections.abc import Callable, Mapping

from danmu_tts.text.counts_zh import MEASURES, amount, by_place, counted, short
from danmu_tts.text.numerals import cardinal, spelled, spelled_phone

_N = r"\d+(?:\.\d+)?"
_GROUPED = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?"
_CURRENCIES = {"¥": "元", "￥": "元", "$": "美元", "€": "欧元", "£": "英镑"}
_SIGNS = "".join(_CURRENCIES)
_PARTS = re.compile(rf"({_N})( ?)(.+)")
_LETTERS_AT_END = re.compile("[A-Za-z]*$")
_NUMERALS = "一二三四五六七八九十两"
_SAID_LAST = "零一二三四五六七八九十百千万亿"
_SCORED = re.compile("比分|人头|赛点|局点|领先|落后|打平|战绩")
_REDUCED = re.compile("[满减券]|立减")
_POWER = ("快充", "充电", "电源", "功率", "氮化镓", "的快充")
_RESOLUTIONS = frozenset({"2", "4", "8"})
_MODEL_DIGITS = 4  # 13600k, 9800X3D, 1080p
_LONGEST_RECORD = 6
_STORAGE = frozenset({"4", "8", "16", "32", "64", "128", "256", "512"})  # of gigabytes
_YEARS = frozenset({*range(17, 30), *range(60, 100)} - {20})  # of two digits: 21年 is a year, 10年 is ten of them

_RULES = re.compile(
    rf"""
    (?P<date>(?<!\d)(\d{{4}})([-/.])(1[0-2]|0?[1-9])\3(3[01]|[12]\d|0?[1-9])(?![\d.])[日号]?)
    |(?P<time>(?<![\d:：.])([01]?\d|2[0-4])[:：]([0-5]\d)(?:[:：]([0-5]\d))?(?![\d:：]))
    |(?P<score>(?<![\d:：.])(\d{{1,3}})[ ]?[:：][ ]?(\d{{1,6}})(?![\d:：.]))
    |(?P<versus>(?<![\d.])(\d{{1,2}})[ ]?([vV][sS]?)[ ]?(\d{{1,2}})(?![\d.A-Za-z]))
    |(?P<version>\d+(?:\.\d+){{2,}})
    |(?P<money>[{_SIGNS}][ ]?({_GROUPED}|{_N})([wWkK万亿千百]*)|({_GROUPED}|{_N})[ ]?([{_SIGNS}]))
    |(?P<percent>({_GROUPED}|{_N})[ ]?%)
    |(?P<degrees>((?:(?<!\d)-)?)({_N})[ ]?(?:℃|°C|°c|°|℉)(?![A-Za-z]))
    |(?P<dashes>(?<![\d.])\d+(?:-\d+){{2,}}(?!\d))
    |(?P<feast>(?<![\d./])(1[0-2]|[1-9])[/.](3[01]|[12]\d|0?[1-9])(?=[^\d\s]{{0,3}}(?:节|晚会|平安夜|大促|跨年|放假|开学|快乐|国庆|元旦)))
    |(?P<range>(?<![\dA-Za-z.])({_N})([wWkK]?)[ ]?([-~～–—])[ ]?({_N})(?![\d.])([A-Za-z]*))
    |(?P<each>({_N})[ ]?/[ ]?(?=[局斤件人次天月年个盒包瓶]))
    |(?P<fraction>(?<![\d./])(\d{{1,3}})/(\d{{1,3}})(?![\d./]))
    |(?P<year>(?<!\d)(\d{{4}}|\d{{2}})年(?=([前后来了间老多内级]?)))
    |(?P<thousands>(?<![\d.]){_GROUPED}(?![\d,]))
    |(?P<unit>(?<![A-Za-z])({_N})[ ]?([A-Za-z]+(?:/[A-Za-z]+)?)(?![A-Za-z]))
    |(?P<number>{_N})
    """,
    re.VERBOSE | re.ASCII,
)
_SIGN_RULES = (
    (re.compile("½"), "二分之一"),
    (re.compile("⅓"), "三分之一"),
    (re.compile("¼"), "四分之一"),
    (re.compile("¾"), "四分之三"),
    (re.compile(r"(?<=\d) +(?=\d)"), "，"),
    (re.compile(r"(?<=\d) ?= ?(?=[-\d?？])"), "等于"),
    (re.compile(r"(?<=\d) ?\+ ?(?=\d)"), "加"),
    (re.compile(r"(?<=[\d\u4e00-\u9fff]) ?[×xX*] ?(?=\d+(?![\dA-Za-z]))"), "乘"),
    (re.compile(r"(?<=:\d\d) ?[-~～–—]+ ?(?=\d{1,2}:)|(?<=[点日号月年周级楼期]) ?[-~～–—]+ ?(?=\d)"), "到"),
    (re.compile(r"(?<=[\u4e00-\u9fff])-(?=\d+%)"), "减"),
    (re.compile(r"(?<=[元块毛分刀])/(?=[\u4e00-\u9fff])"), "每"),
    (re.compile(r"(?<=\d) ?÷ ?(?=\d)"), "除以"),
    (re.compile(r"(?<![\w.)])\+(?=\d)"), "加"),
    (re.compile(r"(?<=\d)\+(?![\d+])"), "加"),
    (re.compile(r"(?<![\w)~～-])-(?=\d)(?!\d+(?:\.\d+)? ?[℃°])"), "负"),
    (re.compile(r"(?<=\d) ?- ?(?=\d+等于)"), "减"),
)
# 5 个; S10 冠军
_TIGHT = re.compile(
    r"(?<=\d)\s(?=[" + MEASURES + r"])|(?<=[A-Za-z]\d)\s(?=[\u4e00-\u9fff])|(?<=[A-Za-z]\d\d)\s(?=[\u4e00-\u9fff])"
)


class ChineseNumbers:
    """Reads the numbers of one line."""

    def __init__(self, units: Mapping[str, str]) -> None:
        """``units``: in lower case, to what is said for it."""
        self._units = units

    signs = _SIGN_RULES
    tight = _TIGHT
    rules = _RULES

    def say(self, match: re.Match[str]) -> str:
        """What is said for a match of ``rules``."""
        kind = match.lastgroup or "number"
        how: Callable[[re.Match[str]], str] = getattr(self, f"_{kind}")
        return _apart(how(match), match)

    def _date(self, match: re.Match[str]) -> str:
        day = match[0][match.start("date") - match.start() :]
        year, month, day = re.findall(r"\d+", day)
        return f"{spelled(year)}年{cardinal(month)}月{cardinal(day)}日"

    def _time(self, match: re.Match[str]) -> str:
        hour, minute, *second = re.findall(r"\d+", match[0])
        if not second and _SCORED.search(match.string[max(0, match.start() - 4) : match.end() + 4]):
            return f"{cardinal(hour)}比{cardinal(minute)}"
        said = f"{counted(hour.lstrip('0') or '0', '点')}点"
        if int(minute):
            said += f"{'零' if minute[0] == '0' else ''}{cardinal(minute)}分"
        if second:
            said += f"{cardinal(second[0])}秒"
        return said

    def _unit_name(self, letters: str) -> str:
        return {"w": "万", "k": "千"}.get(letters.lower()) or self._units.get(letters.lower(), letters)

    def _score(self, match: re.Match[str]) -> str:
        ours, theirs = re.findall(r"\d+", match[0])
        return f"{cardinal(ours)}比{cardinal(theirs)}"

    def _versus(self, match: re.Match[str]) -> str:
        ours, theirs = re.findall(r"\d+", match[0])
        versus = re.sub(r"[\d\s]", "", match[0])
        return f"{cardinal(ours)}{versus}{cardinal(theirs)}"

    def _version(self, match: re.Match[str]) -> str:
        return "点".join(short(part) for part in match[0].split("."))

    def _money(self, match: re.Match[str]) -> str:
        currency = next(name for sign, name in _CURRENCIES.items() if sign in match[0])
        number = match[0].strip(_SIGNS + " ")
        myriad = ""
        while number[-1:] and not number[-1].isdigit():
            myriad = {"w": "万", "k": "千"}.get(number[-1].lower(), number[-1]) + myriad
            number = number[:-1]
        return amount(number, myriad or currency) + myriad + currency

    def _percent(self, match: re.Match[str]) -> str:
        number = match[0].rstrip("% ")
        return f"百分之{'百' if number == '100' else amount(number)}"

    def _degrees(self, match: re.Match[str]) -> str:
        below = "零下" if match[0].startswith("-") else ""
        scale = "华氏" if match[0].endswith("℉") else ""
        return f"{below}{scale}{amount(match[0].strip('-℃°Cc℉ '), '度')}度"

    def _dashes(self, match: re.Match[str]) -> str:
        """Telephone numbers and the like; 3-1-5 is how somebody plays."""
        digits = match[0].replace("-", "")
        return spelled_phone(digits) if len(digits) > _LONGEST_RECORD else spelled(digits)

    def _feast(self, match: re.Match[str]) -> str:
        month, day = re.findall(r"\d+", match[0])
        return f"{cardinal(month)}月{cardinal(day)}日"

    def _each(self, match: re.Match[str]) -> str:
        return f"{amount(match[0].rstrip(' /'))}每"

    def _range(self, match: re.Match[str]) -> str:
        """A score, a discount, or from one number to another."""
        low, high = re.findall(_N, match[0])
        unit = self._unit_name(_LETTERS_AT_END.search(match[0])[0])  # type: ignore[index]  # it may be empty
        follower = unit[:1] or match.string[match.end() : match.end() + 1]
        measure = follower if unit or (follower and follower in MEASURES) else ""
        if "." not in low + high and not measure and "-" in match[0]:
            if _is_year(low) and _is_year(high):
                return f"{spelled(low)}到{spelled(high)}"
            if max(len(low), len(high)) > 4:  # 010-12345678
                return spelled_phone(low) + spelled_phone(high)
            near = match.string[max(0, match.start() - 4) : match.end() + 4]
            if int(low) > int(high) >= 1 and not _SCORED.search(near) and (len(low) > 2 or _REDUCED.search(near)):
                return f"{cardinal(low)}减{cardinal(high)}"
            if len(low) == len(high) == 1 or int(low) > int(high) or low == "0" or _SCORED.search(near):
                return f"{cardinal(low)}比{cardinal(high)}"
        return f"{amount(low, measure)}到{amount(high, measure)}{unit}"

    def _fraction(self, match: re.Match[str]) -> str:
        upper, lower = match[0].split("/")
        if 0 < int(upper) < int(lower):
            return f"{cardinal(lower)}分之{cardinal(upper)}"
        return f"{short(upper)}，{short(lower)}"

    def _year(self, match: re.Match[str]) -> str:
        digits = match[0].removesuffix("年")
        follower = match.string[match.end() : match.end() + 1]
        is_span = follower in tuple("前后来了间老多内")
        if len(digits) == 4:
            named = "1000" < digits < "2200" and not is_span
        else:
            named = int(digits) in _YEARS and not is_span and follower != "代"
        return f"{spelled(digits) if named else counted(digits, '年')}年"

    def _thousands(self, match: re.Match[str]) -> str:
        return amount(match[0])

    def _unit(self, match: re.Match[str]) -> str:
        digits, space, letters = _PARTS.fullmatch(match[0]).groups()  # type: ignore[union-attr]  # it has matched
        after = match.string[match.end() :]
        if letters in ("w", "W"):
            return f"{amount(digits)}瓦" if after.startswith(_POWER) else f"{amount(digits, '万')}万"
        if letters == "k" and digits not in _RESOLUTIONS and len(digits) < _MODEL_DIGITS:
            return f"{spelled(digits)}{letters}" if digits == "98" else _thousands(digits)
        unit = self._units.get(letters.lower())
        is_letter = (letters.isupper() and len(letters) == 1) or (letters == "g" and digits in _STORAGE)
        if unit is None or is_letter:
            is_name = "." not in digits and (
                len(digits) >= _MODEL_DIGITS or (letters.lower() == "p" and len(digits) > 2)
            )
            return (spelled(digits) if is_name else self._by_place(digits, match, "")) + space + letters
        return amount(digits, unit[0]) + unit

    def _number(self, match: re.Match[str]) -> str:
        return self._by_place(match[0], match, match.string[match.end() :])

    def _by_place(self, digits: str, match: re.Match[str], after: str) -> str:
        if "." in digits:
            return amount(digits)
        return by_place(digits, match.string[: match.start()][-1:], after)


def _thousands(number: str) -> str:
    """10k is 一万."""
    value = float(number) * 1000
    return cardinal(str(round(value))) if value == round(value) and value >= 10_000 else f"{amount(number, '千')}千"


def _is_year(digits: str) -> bool:
    return len(digits) == 4 and "1900" <= digits <= "2100"


def _apart(said: str, match: re.Match[str]) -> str:
    """Not run together with a number in hanzi beside it: 周五19:00, 10一个."""
    before, after = match.string[: match.start()][-1:], match.string[match.end() : match.end() + 1]
    lead = "，" if before and before in _NUMERALS else ""
    trail = "，" if after and after in _NUMERALS and said[-1] in _SAID_LAST else ""
    return f"{lead}{said}{trail}"
