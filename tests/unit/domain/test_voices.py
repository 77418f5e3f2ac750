import pytest

from danmu_tts.domain.voices import ANY_LANGUAGE, ANY_STYLE, Voice, primary_subtag

MEI = Voice("kokoro:mei", "zh-TW")
AMY = Voice("piper:amy", "en_GB")


@pytest.mark.parametrize(("tag", "primary"), [("zh-CN", "zh"), ("zh_CN", "zh"), ("ZH", "zh"), ("en-US-x-a", "en")])
def test_primary_subtag(tag: str, primary: str) -> None:
    assert primary_subtag(tag) == primary


def test_a_voice_speaks_every_region_of_its_language() -> None:
    assert MEI.speaks("zh-CN")
    assert AMY.speaks("en")
    assert not MEI.speaks("ja")


def test_a_voice_of_any_language_speaks_them_all() -> None:
    assert all(Voice("openai:alloy", ANY_LANGUAGE).speaks(language) for language in ("zh", "en-US", "ko"))


def test_id_is_backend_and_name() -> None:
    voice = Voice("edge:zh-CN-XiaoxiaoNeural:styled", "zh-CN")
    assert (voice.backend, voice.name) == ("edge", "zh-CN-XiaoxiaoNeural:styled")


def test_a_style_is_followed_only_by_a_voice_that_knows_it() -> None:
    assert Voice("azure:a", "zh-CN", styles=("sad", "cheerful")).style("cheerful") == "cheerful"
    assert Voice("azure:a", "zh-CN", styles=("sad",)).style("cheerful") is None
    assert Voice("openai:a", "zh-CN", styles=(ANY_STYLE,)).style("like a pirate") == "like a pirate"
    assert Voice("openai:a", "zh-CN", styles=(ANY_STYLE,)).style(None) is None
