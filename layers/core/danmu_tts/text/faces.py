"""Faces made of characters: (￣3￣), Σ(ﾟдﾟ;), QAQ, :). They are seen, not read."""

import re

# What stands in brackets is words if it has one of these.
_WORD = (
    "(?![口皿益言艹一]{1,3}(?![\u3005\u3400-\u4dbf\u4e00-\u9fff]))[\u3005\u3400-\u4dbf\u4e00-\u9fff]|[A-Za-z]{2}|\\d{2}|[\u3041-\u3096\u30a1-\u30fa]{2}|[\uac00-\ud7a3]{2}"
    "|[\u00c0-\u024f\u0400-\u04ff]{2}|[\u0e01-\u0e4e]{2}|[\u0590-\u06ff]{2}|[\u0900-\u097f]{2}"
)
_DRAWN = "[^\\x00-\\x7f]|[_^`';=><*~]"
_LEFT_ARM = "[ㄟ૮୧凸ヾヽ\\\\＼/¯￣╰╭ლ₍ᕙ〒Σ_┐└∑٩ε~～=・o-]*"
_RIGHT_ARM = (
    "(?: ?[ㄏ૭୨৭ა۶ブノﾉヽヾシっつづゞゝ丿彡☆★♡♥❤✧✨︵┻━┬─┴〜～~/\\\\＼۶งᕗᕤو_¯￣╭╮╯ロ]+)*[odOmqwyvV]?(?![A-Za-z])"
)
_BRACKETED = (
    f"(?<![A-Za-z])[mdoOqwyv]?9?{_LEFT_ARM}[(（](?=[^()（）\n]{{0,24}}(?:{_DRAWN})[^()（）\n]{{0,24}}[)）])"
    f"(?:(?!{_WORD})[^()（）\n]){{1,24}}[)）]{_RIGHT_ARM}"
)
_EYE = "[￣¯°゚ﾟ・･•´`⊙◕ಠಥ≧≦＞＜><^ˊˋ=╥◉๑□]"
_MOUTH = "[ωдДAV∀▽□﹏ε_ᴥ‿wоoロ.▿ー3︿皿益ᗜ人]"
_BARE = f"(?<![A-Za-z0-9]){_EYE} ?[;；]?{_MOUTH} ?[;；]?{_EYE}(?![A-Za-z0-9])"
_ASCII = (
    "(?<![A-Za-z0-9_])(?:"
    "[QqTt][AaωWw_vVoO^.][QqTt]|[Tt]_+[Tt]|T\\^T|[Oo0][wWAv_.][Oo0]|[uU][wWvV][uU]|[aA][wW][aA]|[QqTt]u[QqTt]|一_+一|[>＞][_.wAo][<＜]|[>＞][<＜]|[-=]_+[-=]"
    "|=[wωvo]=|\\^_*\\^|[@$*+xX]_+[@$*+xX]|[oO]rz|ORZ|OTZ|otz|[xX]D+|[:;=]-?[)(DPp|\\]}]|[:;]-?3(?![0-9])|QQQ+|TTT+|"
    "[;:]'[(]|</?3|\\\\o/|\\\\[mM]/"
    ")(?![A-Za-z0-9_])"
)
_CRYING = "[ㅠㅜㅡ]+"

FACES = re.compile(f"{_BRACKETED}|{_BARE}|{_ASCII}|_[(（][:：][з3][」>]∠[)）]_|[:：][з3][」>]∠|{_CRYING}")
MAY_HOLD_FACE = re.compile("[(（ㅠㅜㅡ_^=>＞<`´・･°゚ﾟ￣¯∠⊙◕ಠ≧:;@$*+\\\\]|[QqTtOoXxuUaA0][ADARrTVWawvDd_^.ωoQT]")
# Letters that only faces have in this chat, left alone between signs.
LONE_LETTERS = re.compile(
    "(?<![\u0370-\u04ff])[ωΣψεσД\u0430-\u044fА-Я](?![\u0370-\u04ff])|(?<![\u30a1-\u30fa\u30fc\u3041-\u3096\u4e00-\u9fff])"
    "[ノツシロミ](?![\u30a1-\u30fa\u30fc\u3041-\u3096\u4e00-\u9fff])|[ﾞﾟ゚゙]"
)
