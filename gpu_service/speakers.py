"""What a checkpoint's speakers are called as voices."""

import re
import unicodedata

_NO_MARK = str.maketrans({"ı": "i", "ł": "l", "ø": "o", "đ": "d", "ß": "ss"})
"""Letters that are no other letter with a mark."""


def voice_name(speaker: str) -> str:
    """``ana-florence`` of ``Ana Florence``, ``alma-maria`` of ``Alma María``."""
    plain = unicodedata.normalize("NFKD", speaker.lower().translate(_NO_MARK)).encode("ascii", "ignore").decode("ascii")
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
