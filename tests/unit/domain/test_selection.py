from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from danmu_tts.domain.errors import VoiceNotFoundError
from danmu_tts.domain.selection import BackendView, VoiceChoice, Wish
from danmu_tts.domain.voices import ANY_LANGUAGE, Voice

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


WOMAN, MAN = Voice("cloud:woman", "zh-CN", "female"), Voice("cloud:man", "zh-CN", "male")
TAIWANESE = Voice("cloud:taiwanese", "zh-TW", "male")
HER, HIM = Voice("local:her", "zh-CN", "female"), Voice("local:him", "zh-CN", "male")
POLYGLOT = Voice("any:polyglot", ANY_LANGUAGE)
CLOUD = BackendView("cloud", [WOMAN, MAN, TAIWANESE])
LOCAL = BackendView("local", [HER, HIM])
ANY = BackendView("any", [POLYGLOT])
NAMES = {"echo": ["cloud:man", "local:him"]}


def ranked(*views: BackendView, wish: Wish | None = None, choice: VoiceChoice | None = None) -> list[str]:
    """The voice that was asked for, then the best of each backend, and the next best of the one that was asked for."""
    choice, wish = choice or VoiceChoice({}, {}), wish or Wish("zh")
    voices = choice.rank(views, wish)
    by_name = wish.voice in (voices[0].id, voices[0].name)
    most = {voices[0].backend: 2 if by_name else 1}
    seen = [sum(other.backend == voice.backend for other in voices[:at]) for at, voice in enumerate(voices)]
    return [voice.id for voice, before in zip(voices, seen, strict=True) if before < most.get(voice.backend, 1)]


def test_each_backend_names_another_voice_in_case_the_first_was_withdrawn() -> None:
    voices = VoiceChoice({}, {}).rank([CLOUD, LOCAL, ANY], Wish("zh"))
    assert [voice.id for voice in voices] == ["cloud:woman", "cloud:man", "local:her", "local:him", "any:polyglot"]


def test_one_voice_of_each_backend_stands_by_in_configured_order() -> None:
    assert ranked(CLOUD, LOCAL, ANY) == ["cloud:woman", "local:her", "any:polyglot"]
    assert ranked(ANY, LOCAL, CLOUD) == ["any:polyglot", "local:her", "cloud:woman"]


def test_a_backend_that_does_not_speak_the_language_does_not_stand_by() -> None:
    assert ranked(CLOUD, LOCAL, ANY, wish=Wish("en")) == ["any:polyglot"]


def test_the_first_that_is_not_busy_goes_first_even_if_a_later_one_is_quicker() -> None:
    assert ranked(replace(CLOUD, score_ms=2000), replace(LOCAL, score_ms=10)) == ["cloud:woman", "local:her"]


def test_a_busy_one_lets_a_later_one_go_first() -> None:
    assert ranked(replace(CLOUD, score_ms=2001), replace(LOCAL, score_ms=1999)) == ["local:her", "cloud:woman"]


def test_where_all_are_busy_the_least_busy_one_goes_first() -> None:
    views = [replace(CLOUD, score_ms=9000), replace(LOCAL, score_ms=3000), replace(ANY, score_ms=5000)]
    assert ranked(*views) == ["local:her", "any:polyglot", "cloud:woman"]


FAR = BackendView("far", [Voice("far:away", "zh-CN")], steps_in=False)


def test_one_that_speaks_elsewhere_does_not_step_in_for_one_that_is_only_busy() -> None:
    assert ranked(replace(CLOUD, score_ms=9000), FAR, replace(LOCAL, score_ms=3000)) == [
        "local:her",
        "cloud:woman",
        "far:away",
    ]


def test_it_goes_first_where_it_is_first_or_nobody_before_it_is_fit_and_speaks() -> None:
    english = BackendView("english", [Voice("english:her", "en-US")])
    assert ranked(FAR, LOCAL) == ["far:away", "local:her"]
    assert ranked(replace(CLOUD, fit=False), english, FAR, LOCAL) == ["far:away", "local:her", "cloud:woman"]


def test_it_goes_first_where_its_voice_is_the_preferred_one() -> None:
    choice = VoiceChoice(aliases={}, defaults={"zh": "far:away"})
    assert ranked(LOCAL, FAR, choice=choice) == ["far:away", "local:her"]
    assert ranked(LOCAL, FAR, wish=Wish("zh", backend="far")) == ["far:away", "local:her"]


def test_patience_is_the_operators() -> None:
    views = [replace(CLOUD, score_ms=300), replace(LOCAL, score_ms=100)]
    assert ranked(*views, choice=VoiceChoice({}, {}, patience_ms=200)) == ["local:her", "cloud:woman"]


def test_the_unfit_come_last_in_order_but_are_not_left_out() -> None:
    views = [replace(CLOUD, fit=False), replace(ANY, fit=False), replace(LOCAL, score_ms=60_000)]
    assert ranked(*views) == ["local:her", "cloud:woman", "any:polyglot"]


@pytest.mark.parametrize("ill", [{"fit": False}, {"score_ms": 60_000.0}])
def test_a_voice_that_was_asked_for_goes_first_whatever_its_state(ill: dict[str, Any]) -> None:
    asked = ranked(LOCAL, replace(CLOUD, **ill), ANY, wish=Wish("zh", "cloud:man"))
    assert asked == ["cloud:man", "cloud:woman", "local:him", "any:polyglot"]


def test_another_voice_of_its_backend_comes_next_in_case_it_was_withdrawn() -> None:
    assert ranked(CLOUD, LOCAL, wish=Wish("zh", "cloud:taiwanese"))[:2] == ["cloud:taiwanese", "cloud:man"]


def test_a_backend_of_one_voice_has_no_other() -> None:
    assert ranked(LOCAL, ANY, wish=Wish("zh", "any:polyglot")) == ["any:polyglot", "local:her"]


@pytest.mark.parametrize(("asked", "instead"), [("cloud:man", "local:him"), ("cloud:woman", "local:her")])
def test_who_stands_in_for_a_voice_is_of_its_gender(asked: str, instead: str) -> None:
    assert ranked(CLOUD, LOCAL, wish=Wish("zh", asked))[-1] == instead


def test_who_stands_in_for_a_voice_is_of_its_region_before_all() -> None:
    assert ranked(CLOUD, wish=Wish("zh", "cloud:man")) == ["cloud:man", "cloud:woman"]
    assert ranked(CLOUD, BackendView("x", [Voice("x:tw", "zh-TW", "male")]), wish=Wish("zh", "x:tw"))[-1] == (
        "cloud:taiwanese"
    )


def test_who_stands_in_speaks_the_language_of_the_text_not_that_of_the_voice() -> None:
    english = Voice("local:joe", "en-US", "male")
    view = BackendView("local", [HER, HIM, english])
    assert ranked(CLOUD, view, wish=Wish("en", "cloud:man")) == ["cloud:man", "local:joe"]


def test_a_voice_that_was_asked_for_speaks_alone_where_nobody_else_speaks_the_language() -> None:
    assert ranked(CLOUD, LOCAL, wish=Wish("ko", "cloud:man")) == ["cloud:man"]


def test_an_alias_names_a_voice_of_each_backend_that_has_one() -> None:
    names = ranked(CLOUD, ANY, LOCAL, wish=Wish("zh", "echo"), choice=VoiceChoice(NAMES, {}))
    assert names == ["cloud:man", "local:him", "any:polyglot"]


def test_an_alias_never_wakes_a_backend_that_is_unfit_or_busy() -> None:
    names = ranked(
        replace(CLOUD, fit=False),
        replace(LOCAL, score_ms=2001),
        ANY,
        wish=Wish("zh", "echo"),
        choice=VoiceChoice(NAMES, {}),
    )
    assert names == ["any:polyglot", "local:him", "cloud:man"]


def test_the_default_is_its_backends_voice_and_that_backend_goes_first() -> None:
    choice = VoiceChoice({}, {"zh": "local:him"})
    assert ranked(CLOUD, LOCAL, choice=choice) == ["local:him", "cloud:woman"]
    assert ranked(CLOUD, replace(LOCAL, fit=False), choice=choice) == ["cloud:woman", "local:him"]


def test_an_alias_goes_before_the_default() -> None:
    choice = VoiceChoice({"nova": ["local:her"]}, {"zh": "local:him"})
    assert ranked(CLOUD, LOCAL, wish=Wish("zh", "nova"), choice=choice) == ["local:her", "cloud:woman"]


def test_the_backend_that_was_asked_for_goes_first_whatever_its_state_and_the_others_stand_by() -> None:
    views = [CLOUD, ANY, replace(LOCAL, fit=False)]
    assert ranked(*views, wish=Wish("zh", backend="local")) == ["local:her", "cloud:woman", "any:polyglot"]


def test_a_voice_and_its_backend_may_both_be_asked_for() -> None:
    twin = BackendView("twin", [Voice("twin:him", "zh-CN", "male")])
    assert ranked(LOCAL, twin, wish=Wish("zh", "him")) == ["local:him", "local:her", "twin:him"]
    assert ranked(LOCAL, twin, wish=Wish("zh", "him", "twin")) == ["twin:him", "local:him"]


STATES: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"fit": st.booleans(), "score_ms": st.floats(0, 10_000), "steps_in": st.booleans()}
)


@given(st.permutations([CLOUD, LOCAL, ANY]), st.data())
def test_nobody_is_named_twice_and_nobody_is_forgotten(views: list[BackendView], data: st.DataObject) -> None:
    states = [replace(view, **data.draw(STATES)) for view in views]
    names = ranked(*states)
    assert len(names) == len(set(names)) == 3
    fit_names = {view.name for view in states if view.fit}
    assert {name.partition(":")[0] for name in names[: len(fit_names)]} == fit_names
