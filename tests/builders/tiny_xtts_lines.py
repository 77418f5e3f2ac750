"""What the tiny XTTS can say: texts, languages (BCP 47), speakers."""

ANA, CLARIBEL, DAMIEN = "ana-florence", "claribel-dervla", "damien-black"

MIXED = (
    ("hello there", "en", ANA),
    ("welcome to the stream, everyone, and good night", "en-GB", CLARIBEL),
    ("你好，今天天气很好", "zh-CN", DAMIEN),
    ("thank you", "en", ANA),
    ("bonjour tout le monde", "fr-CA", CLARIBEL),
    ("hola amigos", "es", DAMIEN),
    ("guten abend", "de-AT", ANA),
    ("안녕하세요", "ko", CLARIBEL),
)
