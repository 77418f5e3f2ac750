"""Digits in Chinese chat, as they are said: 3:2 is 三比二, 12:30 十二点三十分, 2个 两个, 3090 三零九零."""

import re
from collections.abc import Callable, Mapping

from danmu_tts.text.numerals import cardinal, spelled, spelled_phone

_N = r"\d+(?:\.\d+)?"
_GROUPED = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?"
_CURRENCIES = {"¥": "元", "￥": "元", "$": "美元", "€": "欧元", "£": "英镑"}
_SIGNS = "".join(_CURRENCIES)
# A number before one of these counts something. Longer ones begin with one of them (个, 块钱, 年前, 分钟).
_MEASURES = (
    "个块元人次天年月日号楼层级位条只张把件台部局盘杯瓶碗本集期首句秒分点小时周岁名场回遍斤米里倍步关星票刀毛角万亿千百折连杀血"
    "管代季章卷页室班组排栋幢度胜负口颗根支枝发顿份种类款套双对群家间座艘辆匹头朵棵粒滴片段幅届任辈圈轮站公厘毫平立美欧英人键包箱袋"
    "盒罐字行格档秒帧赫兆吨克升寸尺丈亩"
)
# Before these it is 二, before all others 两.
_ORDINALS = "号月日楼级班组排栋幢室度届章卷页季期代连杀血负胜档"
_KNOWN_BY_DIGITS = frozenset(
    {"520", "521", "404", "996", "985", "211", "360", "110", "119", "120", "233", "101", "123", "321", "66"}
)
_CALLED = frozenset({"110", "119", "120", "10086", "10010", "12306", "12315"})
_STORAGE = frozenset({"4", "8", "16", "32", "64", "128", "256", "512"})  # of gigabytes
_ALWAYS_CARDINAL_DIGITS = 2
_SPELLED_DIGITS = 9
_PHONE_DIGITS = 11
_YEARS = range(17, 30)  # of two digits: 21年 is a year, 10年 is ten of them

_RULES = re.compile(
    rf"""
    (?P<date>(?<!\d)(\d{{4}})([-/.])(1[0-2]|0?[1-9])\3(3[01]|[12]\d|0?[1-9])(?![\d.])[日号]?)
    |(?P<time>(?<![\d:：.])([01]?\d|2[0-4])[:：]([0-5]\d)(?:[:：]([0-5]\d))?(?![\d:：]))
    |(?P<score>(?<![\d:：.])(\d{{1,3}})\s?[:：]\s?(\d{{1,3}})(?![\d:：.]))
    |(?P<versus>(?<![\d.])(\d{{1,2}})\s?([vV][sS]?)\s?(\d{{1,2}})(?![\d.A-Za-z]))
    |(?P<version>\d+(?:\.\d+){{2,}})
    |(?P<money>[{_SIGNS}]\s?({_GROUPED}|{_N})([wWkK万亿千百]*)|({_GROUPED}|{_N})\s?([{_SIGNS}]))
    |(?P<percent>({_GROUPED}|{_N})\s?%)
    |(?P<degrees>((?:(?<!\d)-)?)({_N})\s?(?:℃|°C|°c|°|℉)(?![A-Za-z]))
    |(?P<dashes>(?<![\d.])\d+(?:-\d+){{2,}}(?!\d))
    |(?P<range>(?<![\d.])({_N})\s?([-~～–—])\s?({_N})(?![\d.]))
    |(?P<fraction>(?<![\d./])(\d{{1,3}})/(\d{{1,3}})(?![\d./]))
    |(?P<year>(?<!\d)(\d{{4}}|\d{{2}})年(?=([前后来了间老多内级]?)))
    |(?P<thousands>(?<![\d.]){_GROUPED}(?![\d,]))
    |(?P<unit>(?<![A-Za-z])({_N})\s?([A-Za-z]+(?:/[A-Za-z]+)?)(?![A-Za-z]))
    |(?P<number>{_N})
    """,
    re.VERBOSE | re.ASCII,
)
_SIGN_RULES = (
    (re.compile("½"), "二分之一"),
    (re.compile("⅓"), "三分之一"),
    (re.compile("¼"), "四分之一"),
    (re.compile("¾"), "四分之三"),
    (re.compile(r"(?<=\d)\s?=\s?(?=[-\d?？])"), "等于"),
    (re.compile(r"(?<=\d)\s?\+\s?(?=\d)"), "加"),
    (re.compile(r"(?<=\d)\s?[×xX*]\s?(?=\d)"), "乘"),
    (re.compile(r"(?<=\d)\s?÷\s?(?=\d)"), "除以"),
    (re.compile(r"(?<![\w.)])\+(?=\d)"), "加"),
    (re.compile(r"(?<=\d)\+(?![\d+])"), "加"),
    (re.compile(r"(?<![\w)~～-])-(?=\d)(?!\d+(?:\.\d+)?\s?[℃°])"), "负"),
    (re.compile(r"(?<=\d)\s?-\s?(?=\d+等于)"), "减"),
)
# 5 个; S10 冠军
_TIGHT = re.compile(
    r"(?<=\d)\s(?=[" + _MEASURES + r"])|(?<=[A-Za-z]\d)\s(?=[\u4e00-\u9fff])|(?<=[A-Za-z]\d\d)\s(?=[\u4e00-\u9fff])"
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
        return how(match)

    def _date(self, match: re.Match[str]) -> str:
        day = match[0][match.start("date") - match.start() :]
        year, month, day = re.findall(r"\d+", day)
        return f"{spelled(year)}年{cardinal(month)}月{cardinal(day)}日"

    def _time(self, match: re.Match[str]) -> str:
        hour, minute, *second = re.findall(r"\d+", match[0])
        said = f"{_counted(hour.lstrip('0') or '0', '点')}点"
        if int(minute):
            said += f"{'零' if minute[0] == '0' else ''}{cardinal(minute)}分"
        if second:
            said += f"{cardinal(second[0])}秒"
        return said

    def _score(self, match: re.Match[str]) -> str:
        ours, theirs = re.findall(r"\d+", match[0])
        return f"{cardinal(ours)}比{cardinal(theirs)}"

    def _versus(self, match: re.Match[str]) -> str:
        ours, theirs = re.findall(r"\d+", match[0])
        versus = re.sub(r"[\d\s]", "", match[0])
        return f"{cardinal(ours)}{versus}{cardinal(theirs)}"

    def _version(self, match: re.Match[str]) -> str:
        return "点".join(_short(part) for part in match[0].split("."))

    def _money(self, match: re.Match[str]) -> str:
        currency = next(name for sign, name in _CURRENCIES.items() if sign in match[0])
        amount = match[0].strip(_SIGNS + " ")
        myriad = ""
        while amount[-1:] and not amount[-1].isdigit():
            myriad = {"w": "万", "k": "千"}.get(amount[-1].lower(), amount[-1]) + myriad
            amount = amount[:-1]
        return _amount(amount, myriad or currency) + myriad + currency

    def _percent(self, match: re.Match[str]) -> str:
        amount = match[0].rstrip("% ")
        return f"百分之{'百' if amount == '100' else _amount(amount)}"

    def _degrees(self, match: re.Match[str]) -> str:
        below = "零下" if match[0].startswith("-") else ""
        scale = "华氏" if match[0].endswith("℉") else ""
        return f"{below}{scale}{_amount(match[0].strip('-℃°Cc℉ '), '度')}度"

    def _dashes(self, match: re.Match[str]) -> str:
        """Telephone numbers and the like."""
        return spelled_phone(match[0].replace("-", ""))

    def _range(self, match: re.Match[str]) -> str:
        low, high = re.findall(_N, match[0])
        follower = match.string[match.end() : match.end() + 1]
        is_count = bool(follower) and follower in _MEASURES
        if not is_count and "-" in match[0] and len(low) == len(high) == 1:
            return f"{cardinal(low)}比{cardinal(high)}"
        if max(len(low), len(high)) > 4 and not is_count and "." not in low + high:  # 010-12345678
            return spelled_phone(low) + spelled_phone(high)
        return f"{_amount(low, follower if is_count else '')}到{_amount(high, follower if is_count else '')}"

    def _fraction(self, match: re.Match[str]) -> str:
        upper, lower = match[0].split("/")
        if 0 < int(upper) < int(lower):
            return f"{cardinal(lower)}分之{cardinal(upper)}"
        return f"{_short(upper)}，{_short(lower)}"

    def _year(self, match: re.Match[str]) -> str:
        digits = match[0].removesuffix("年")
        follower = match.string[match.end() : match.end() + 1]
        is_span = follower in tuple("前后来了间老多内")
        if len(digits) == 4:
            named = not digits.startswith("0") and not is_span and digits != "1000"
        else:
            named = int(digits) in _YEARS and digits != "20" and not is_span
        return f"{spelled(digits) if named else _counted(digits, '年')}年"

    def _thousands(self, match: re.Match[str]) -> str:
        return _amount(match[0])

    def _unit(self, match: re.Match[str]) -> str:
        digits, letters = re.match(rf"({_N})\s?(.+)", match[0]).groups()  # type: ignore[union-attr]
        if letters in ("w", "W"):
            return _amount(digits, "万") + "万"
        if letters == "k" and digits not in ("2", "4", "8"):
            return _amount(digits, "千") + "千"
        unit = self._units.get(letters.lower())
        if unit is None or (letters == "g" and digits in _STORAGE) or (letters.isupper() and len(letters) == 1):
            space = " " if " " in match[0] else ""
            resolution = letters.lower() == "p" and len(digits) > 2
            return (spelled(digits) if resolution else _plain(digits, match)) + space + letters
        return _amount(digits, unit[0]) + unit

    def _number(self, match: re.Match[str]) -> str:
        return _plain(match[0], match)


def _plain(digits: str, match: re.Match[str]) -> str:
    """A number by what stands around it."""
    if "." in digits:
        return _amount(digits)
    before, after = match.string[: match.start()][-1:], match.string[match.end() : match.end() + 1]
    if before.isascii() and before.isalpha():
        return _short(digits)
    if before == "米":  # 1米46
        return spelled(digits)
    if before == "第":
        return cardinal(digits)
    if after and after in _MEASURES and match.lastgroup == "number" and len(digits) < _SPELLED_DIGITS:
        if digits == "2" and match.string.startswith("年级", match.end()):
            return "二"
        return _counted(digits, after)
    return _alone(digits)


def _alone(digits: str) -> str:
    if digits != "0" and digits[0] == "0":
        return spelled(digits)
    if len(digits) == _PHONE_DIGITS and digits[0] == "1":
        return spelled_phone(digits)
    if digits in _CALLED:
        return spelled_phone(digits)
    if len(digits) >= _SPELLED_DIGITS or digits in _KNOWN_BY_DIGITS:
        return spelled(digits)
    if len(digits) <= _ALWAYS_CARDINAL_DIGITS or digits.endswith("00"):
        return cardinal(digits)
    if len(digits) == 3 and len(set(digits)) > 1:
        return cardinal(digits)
    return spelled(digits)


def _short(digits: str) -> str:
    """Part of a name: ``V8``, ``RTX3090``."""
    if len(digits) <= _ALWAYS_CARDINAL_DIGITS and not (digits[0] == "0" and len(digits) > 1):
        return cardinal(digits)
    return spelled(digits)


def _amount(number: str, counted: str = "") -> str:
    """A number with or without a fraction, before what it counts."""
    whole, point, rest = number.replace(",", "").partition(".")
    if point:
        return f"{cardinal(whole)}点{spelled(rest)}"
    return _counted(whole, counted)


def _counted(digits: str, measure: str) -> str:
    if digits == "2" and measure and measure not in _ORDINALS:
        return "两"
    if digits[0] == "0" and len(digits) > 1:
        return spelled(digits)
    return cardinal(digits)
