import re
from dataclasses import replace
from typing import NamedTuple

from hypothesis import assume, given
from hypothesis import strategies as st

from danmu_tts.domain.audio import AudioFormat
from danmu_tts.domain.cache_key import cache_key
from danmu_tts.domain.speech import Part, Prosody, Script
from danmu_tts.domain.voices import Voice


class Sound(NamedTuple):
    text: str
    voice_id: str
    revision: str
    format: AudioFormat
    speed: float
    pitch_semitones: float
    volume: float
    style: str | None = None


SOUNDS = st.builds(
    Sound,
    text=st.text(max_size=20),
    voice_id=st.text(max_size=10),
    revision=st.text(max_size=10),
    format=st.sampled_from(AudioFormat),
    speed=st.floats(0.25, 4),
    pitch_semitones=st.floats(-12, 12),
    volume=st.floats(0, 2),
    style=st.none() | st.text(max_size=10),
)


def key_of(sound: Sound) -> str:
    prosody = Prosody(sound.speed, sound.pitch_semitones, sound.volume)
    voice = Voice(sound.voice_id, "zh-CN", revision=sound.revision)
    return cache_key(Script.of(sound.text, voice), sound.format, prosody, sound.style)


def key_by(voice: Voice, *parts: Part) -> str:
    script = Script(voice, parts) if parts else Script.of("hi", voice)
    return cache_key(script, AudioFormat.MP3, Prosody())


@given(SOUNDS)
def test_equal_sounds_share_a_key(sound: Sound) -> None:
    assert key_of(sound) == key_of(Sound(*sound))


@given(SOUNDS, SOUNDS, st.sampled_from(Sound._fields))
def test_a_change_in_any_one_field_changes_the_key(sound: Sound, other: Sound, field: str) -> None:
    assume(getattr(sound, field) != getattr(other, field))
    assert key_of(sound) != key_of(sound._replace(**{field: getattr(other, field)}))


@given(SOUNDS)
def test_key_is_64_hexadecimal_digits(sound: Sound) -> None:
    assert re.fullmatch("[0-9a-f]{64}", key_of(sound))


def test_negative_zero_pitch_is_zero_pitch() -> None:
    sound = Sound("hi", "fake:a", "1", AudioFormat.MP3, 1.0, 0.0, 1.0)
    assert key_of(sound) == key_of(sound._replace(pitch_semitones=-0.0))


def test_whole_numbers_and_their_floats_share_a_key() -> None:
    assert key_of(Sound("hi", "fake:a", "1", AudioFormat.MP3, 1, 2, 1)) == key_of(
        Sound("hi", "fake:a", "1", AudioFormat.MP3, 1.0, 2.0, 1.0)
    )


def test_what_cannot_be_heard_is_not_in_the_key() -> None:
    voice = Voice("fake:a", "zh-CN", "female", "1")
    disguised = replace(voice, language="en-US", gender="male")
    assert key_by(voice) == key_by(disguised)


def test_fields_do_not_run_into_each_other() -> None:
    first = Sound("ab", "c", "", AudioFormat.MP3, 1, 0, 1)
    assert key_of(first) != key_of(first._replace(text="a", voice_id="bc"))


def test_no_style_is_not_a_style_of_that_name() -> None:
    sound = Sound("hi", "fake:a", "1", AudioFormat.MP3, 1, 0, 1)
    keys = {key_of(sound._replace(style=style)) for style in (None, "", "None", "null", "cheerful")}
    assert len(keys) == 5


def test_which_styles_a_voice_knows_is_not_in_the_key() -> None:
    plain = Voice("fake:a", "zh-CN", revision="1")
    able = replace(plain, styles=("cheerful",))
    assert key_by(plain) == key_by(able)


def test_who_says_which_part_is_in_the_key() -> None:
    one, other = Voice("fake:a", "zh-CN", revision="1"), Voice("fake:b", "en-US", revision="1")
    scripts = [
        (Part("hi", one),),
        (Part("h", one), Part("i", other)),
        (Part("h", other), Part("i", one)),
        (Part("h", one), Part("i", None)),
        (Part("h", one), Part("i", replace(other, revision="2"))),
        (Part("h", one), Part("i", one)),
    ]
    assert len({key_by(one, *parts) for parts in scripts}) == len(scripts)
