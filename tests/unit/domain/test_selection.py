import pytest

from danmu_tts.domain.errors import VoiceNotFoundError
from danmu_tts.domain.selection import BackendView, VoiceChoice, Wish
from danmu_tts.domain.voices import Voice

XIAO = Voice("kokoro:xiao", "zh-CN")
MEI = Voice("kokoro:mei", "zh-TW")
JOE = Voice("piper:joe", "en-US")
AMY = Voice("piper:amy", "en_GB")
LING = Voice("piper:ling", "zh-CN")
VIEWS = [BackendView("kokoro", [XIAO, MEI]), BackendView("piper", [JOE, AMY, LING])]

CHOICE = VoiceChoice(
    aliases={"alloy": ["piper:gone", "piper:amy", "kokoro:mei"], "nova": ["piper:gone"]},
    defaults={"en": "piper:amy", "fr": "piper:gone"},
)


def chosen(asked: str | None = None, *, backend: str | None = None, language: str = "zh") -> Voice:
    return CHOICE.rank(VIEWS, Wish(language, asked, backend))[0]


def test_a_full_id_is_obeyed_whatever_the_language() -> None:
    assert chosen("piper:joe", language="zh") is JOE


def test_a_bare_name_is_found() -> None:
    assert chosen("ling") is LING


def test_an_unknown_name_is_refused_and_blamed_on_the_voice() -> None:
    with pytest.raises(VoiceNotFoundError, match="'nobody'") as caught:
        chosen("nobody")
    assert caught.value.param == "voice"


def test_a_very_long_name_is_not_repeated_in_full() -> None:
    with pytest.raises(VoiceNotFoundError) as caught:
        chosen("x" * 5000)
    assert len(caught.value.message) < 200


def test_an_alias_takes_its_first_installed_voice() -> None:
    assert chosen("alloy", language="en") is AMY


def test_an_alias_skips_voices_of_other_languages() -> None:
    assert chosen("alloy", language="zh-CN") is MEI


def test_an_alias_without_an_installed_voice_falls_back_to_the_default() -> None:
    assert chosen("nova", language="en") is AMY


def test_the_language_default_speaks_when_nobody_is_asked_for() -> None:
    assert chosen(language="en-AU") is AMY


def test_without_a_default_the_first_speaker_speaks() -> None:
    assert chosen(language="zh-HK") is XIAO


def test_a_backend_that_is_asked_for_speaks_the_language() -> None:
    assert chosen(backend="piper", language="zh") is LING


def test_a_name_is_looked_for_in_the_backend_that_is_asked_for() -> None:
    with pytest.raises(VoiceNotFoundError):
        chosen("xiao", backend="piper")


def test_an_alias_is_looked_for_in_the_backend_that_is_asked_for() -> None:
    assert chosen("alloy", backend="piper", language="zh") is LING


def test_a_language_that_nobody_speaks_is_refused_with_what_is_spoken() -> None:
    with pytest.raises(VoiceNotFoundError, match="'ko': it speaks en, zh") as caught:
        chosen(language="ko")
    assert caught.value.param == "language"


def test_an_alias_in_a_language_that_nobody_speaks_is_blamed_on_the_voice() -> None:
    with pytest.raises(VoiceNotFoundError) as caught:
        chosen("alloy", language="ko")
    assert caught.value.param == "voice"


def test_a_backend_that_does_not_speak_the_language_is_named() -> None:
    with pytest.raises(VoiceNotFoundError, match=r"Backend 'kokoro' .* it speaks zh"):
        chosen(backend="kokoro", language="en")


def test_no_voice_at_all_is_said_so() -> None:
    with pytest.raises(VoiceNotFoundError, match="no voice at all"):
        CHOICE.rank([BackendView("kokoro", [])], Wish("zh"))
