"""How Chinese says a number by what it counts, or by itself."""

from danmu_tts.text.numerals import cardinal, spelled, spelled_phone

# A number before one of these counts something. Longer ones begin with one of them (个, 块钱, 年前, 分钟).
MEASURES = (
    "个块元人次天年月日号楼层级位条只张把件台部局盘杯瓶碗本集期首句秒分点小时周岁名场回遍斤米里倍步星票刀毛角万亿千百折连杀血"
    "管代季章卷页室班组排栋幢度胜负口颗根支枝发顿份种类款套双对群家间座艘辆匹头朵棵粒滴片段幅届任辈圈轮站公厘毫平立美欧英键包箱袋"
    "盒罐字行格档秒帧赫兆吨克升寸尺丈亩波桶批节门样笔架拨单下粉"
)
# Before these it is 二, before all others 两.
_ORDINALS = "号月日楼级班排栋幢室度卷页季期代连杀血负胜档"
_SECOND = ("年级", "次元", "次方", "次创", "次函", "人世界", "段跳", "分之")
_KNOWN_BY_DIGITS = frozenset(
    "520 521 404 996 985 211 360 233 101 123 321 66 618 648 328 315 818 484 369 433 442 131 514".split()  # noqa: SIM905
)
_CALLED = frozenset({"110", "114", "119", "120", "10086", "10010", "12306", "12315"})
_ALWAYS_CARDINAL_DIGITS = 2
_SPELLED_DIGITS = 9
_PHONE_DIGITS = 11
# What two digits before them are read one by one: 55开, 85折, 99新.
_BY_DIGITS = "开折新"
_BORN = range(60, 100)  # 95后
_FEASTS = {"51": "节假劳快", "54": "青节", "61": "儿节快", "38": "妇女节", "99": "大", "81": "建节"}
_SERIES = range(10, 60, 10)  # of graphics cards: 50系


def by_place(digits: str, before: str, after: str) -> str:
    """A whole number by what stands around it.

    Args:
        before: the character before it, or nothing.
        after: the text after it.
    """
    if before.isascii() and (before.isalpha() or before == "_"):
        return short(digits)
    if before == "米":  # 1米46
        return spelled(digits)
    if before == "第":
        return cardinal(digits)
    if len(digits) == _ALWAYS_CARDINAL_DIGITS and _is_said_by_digits(digits, after):
        return spelled(digits)
    if after[:1] and after[0] in MEASURES and len(digits) < _SPELLED_DIGITS:
        return "二" if digits == "2" and after.startswith(_SECOND) else counted(digits, after[0])
    return alone(digits)


def alone(digits: str) -> str:
    """A number that counts nothing."""
    if digits != "0" and digits[0] == "0":
        return spelled(digits)
    if digits in _CALLED or (len(digits) == _PHONE_DIGITS and digits[0] == "1"):
        return spelled_phone(digits)
    if len(digits) >= _SPELLED_DIGITS or digits in _KNOWN_BY_DIGITS:
        return spelled(digits)
    if len(digits) <= _ALWAYS_CARDINAL_DIGITS or digits.endswith("00"):
        return cardinal(digits)
    if len(digits) == 3 and len(set(digits)) > 1:
        return cardinal(digits)
    return spelled(digits)


def short(digits: str) -> str:
    """Part of a name: ``V8``, ``RTX3090``."""
    if len(digits) <= _ALWAYS_CARDINAL_DIGITS and not (digits[0] == "0" and len(digits) > 1):
        return cardinal(digits)
    return spelled(digits)


def amount(number: str, measure: str = "") -> str:
    """A number with or without a fraction, before what it counts."""
    whole, point, rest = number.replace(",", "").partition(".")
    if point:
        return f"{cardinal(whole)}点{spelled(rest)}"
    return counted(whole, measure)


def counted(digits: str, measure: str) -> str:
    """A whole number before the first character of what it counts."""
    if digits == "2" and measure and measure not in _ORDINALS:
        return "两"
    if digits[0] == "0" and len(digits) > 1:
        return spelled(digits)
    return cardinal(digits)


def _is_said_by_digits(digits: str, after: str) -> bool:
    if after[:1] and after[0] in _BY_DIGITS:
        return digits[1] != "0"
    if after.startswith("后") and not after.startswith(("后面", "后来", "后天", "后再", "后续")):
        return int(digits) in _BORN or digits[0] == "0"
    if after.startswith("系"):
        return int(digits) in _SERIES
    return bool(after) and after[0] in _FEASTS.get(digits, "")
