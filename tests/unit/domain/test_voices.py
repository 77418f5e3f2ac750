import pytest

from danmu_tts.domain.errors import VoiceNotFoundError
from danmu_tts.domain.voices import Voice, VoiceChoice, primary_subtag

XIAO = Voice("kokoro:xiao", "zh-CN")
MEI = Voice("kokoro:mei", "zh-TW")
JOE = Voice("piper:joe", "en-US")
AMY = Voice("piper:amy", "en_GB")
LING = Voice("piper:ling", "zh-CN")
VOICES = [XIAO, MEI, JOE, AMY, LING]

CHOICE = VoiceChoice(
    aliases={"alloy": ["piper:gone", "piper:amy", "kokoro:mei"], "nova": ["piper:gone"]},
    defaults={"en": "piper:amy", "fr": "piper:gone"},
)


def chosen(asked: str | None = None, *, backend: str | None = None, language: str = "zh") -> Voice:
    return CHOICE.choose(VOICES, asked=asked, backend=backend, language=language)


@pytest.mark.parametrize(("tag", "primary"), [("zh-CN", "zh"), ("zh_CN", "zh"), ("ZH", "zh"), ("en-US-x-a", "en")])
def test_primary_subtag(tag: str, primary: str) -> None:
    assert primary_subtag(tag) == primary


def test_a_voice_speaks_every_region_of_its_language() -> None:
    assert MEI.speaks("zh-CN")
    assert AMY.speaks("en")
    assert not MEI.speaks("ja")


def test_id_is_backend_and_name() -> None:
    voice = Voice("edge:zh-CN-XiaoxiaoNeural:styled", "zh-CN")
    assert (voice.backend, voice.name) == ("edge", "zh-CN-XiaoxiaoNeural:styled")


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


def test_a_backend_restriction_holds_for_the_language() -> None:
    assert chosen(backend="piper", language="zh") is LING


def test_a_backend_restriction_holds_for_a_name() -> None:
    with pytest.raises(VoiceNotFoundError):
        chosen("xiao", backend="piper")


def test_a_backend_restriction_holds_for_an_alias() -> None:
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
        CHOICE.choose([], asked=None, backend=None, language="zh")
