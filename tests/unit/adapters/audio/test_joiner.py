import asyncio
from itertools import pairwise

import lameenc
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from danmu_tts.adapters.audio.joiner import Joiners
from danmu_tts.adapters.backends.kokoro import KokoroBackend
from danmu_tts.adapters.backends.piper import PiperBackend
from danmu_tts.domain.audio import AudioChunk, AudioEncoding, Caption
from danmu_tts.domain.errors import BadAudioError
from danmu_tts.domain.speech import Utterance
from danmu_tts.engine_slots import EngineSlots
from danmu_tts.ports import Backend
from tests.builders.joined import RATE_HZ, Joined, of_samples, samples_of, silence, swinging, tone
from tests.builders.sound import Samples, loudest_frequency_hz, measured_lufs, rms, sine

OTHER_RATE_HZ = 24_000
JUMP = 0.1  # of full scale, within this time of a join
CAPTIONS_ONLY = [AudioChunk(b"", OTHER_RATE_HZ, AudioEncoding.MP3, (Caption("a", 0, 9),))]


def mp3(pcm: bytes, rate_hz: int) -> list[AudioChunk]:
    encoder = lameenc.Encoder()
    encoder.silence()
    encoder.set_in_sample_rate(rate_hz)
    encoder.set_out_sample_rate(rate_hz)
    encoder.set_channels(1)
    encoder.set_bit_rate(64)
    data = bytes(encoder.encode(pcm)) + bytes(encoder.flush())
    return [AudioChunk(data[at : at + 1000], rate_hz, AudioEncoding.MP3) for at in range(0, len(data), 1000)]


def onset_ms(samples: Samples, rate_hz: int) -> float:
    """When the first loud sample is heard."""
    return float(np.argmax(np.abs(samples) > 0.1) / rate_hz * 1000)


async def _said(backend: Backend, text: str) -> list[AudioChunk]:
    voice = (await backend.get_voices())[0]
    return [chunk async for chunk in backend.synthesize(Utterance(text, voice))]


@pytest.fixture(scope="module")
def english(tmp_path_factory: pytest.TempPathFactory) -> list[AudioChunk]:
    piper = PiperBackend(EngineSlots(1), tmp_path_factory.mktemp("models"))
    return asyncio.run(_said(piper, "Thank you, see you tomorrow."))


@pytest.fixture(scope="module")
def chinese() -> list[AudioChunk]:
    return asyncio.run(_said(KokoroBackend(EngineSlots(1)), "感谢老板送的火箭"))


@pytest.fixture(scope="module")
def vendors(english: list[AudioChunk]) -> list[AudioChunk]:
    """Another voice's MP3 with silence around it, at a third of the loudness."""
    quiet = (np.pad(samples_of(english), 8000) * 0.3 * 32767).astype("<i2").tobytes()
    return mp3(quiet, english[0].sample_rate_hz)


@pytest.mark.parametrize(
    "order", [["english", "chinese", "vendors"], ["chinese", "english", "chinese"], ["vendors", "chinese", "english"]]
)
def test_voices_are_equally_loud_and_joined_without_a_click(order: list[str], request: pytest.FixtureRequest) -> None:
    joined = Joined()
    for voice in order:
        joined.speak(request.getfixturevalue(voice))
    joined.beep(500)
    loudness = [joined.lufs(span) for span in range(4)]
    assert loudness == pytest.approx([loudness[0]] * 4, abs=1)
    assert max(joined.jumps()) < JUMP


def test_the_first_span_passes_unchanged_but_for_its_ends() -> None:
    said = tone(1.0)
    joined = Joined().speak(said)
    original, edge = samples_of(said), round(0.008 * RATE_HZ)
    assert joined.rate_hz == RATE_HZ
    assert joined.shifts_ms == [0]
    assert len(joined.samples) == len(original)
    assert (joined.samples[edge:-edge] == original[edge:-edge]).all()


def test_the_first_span_is_given_while_it_is_spoken() -> None:
    joiner = Joiners().open()
    given_ms = 0.0
    for number, chunk in enumerate(tone(1.0), 1):
        ready = joiner.write(chunk)
        given_ms += ready.duration_ms if ready else 0
        assert given_ms > number * 100 - 20


def test_a_pause_of_the_first_span_is_kept() -> None:
    said = [*tone(0.3), *silence(1.0), *tone(0.3)]
    joined = Joined().speak(said)
    assert len(joined.samples) == len(samples_of(said))


@pytest.mark.parametrize("rate_hz", [8000, 16_000, 24_000, 48_000])
@pytest.mark.parametrize("amplitude", [0.01, 0.2, 0.9])
def test_a_later_span_has_the_firsts_rate_and_loudness(rate_hz: int, amplitude: float) -> None:
    joined = Joined().speak(tone(0.8, amplitude=0.3)).speak(tone(0.6, rate_hz, hz=300, amplitude=amplitude))
    assert joined.rate_hz == RATE_HZ
    assert joined.duration_ms(1) == pytest.approx(600, abs=1)
    assert loudest_frequency_hz(joined.spans[1], RATE_HZ) == pytest.approx(300, abs=3)
    assert joined.lufs(1) == pytest.approx(joined.lufs(0), abs=0.3)


def test_a_span_that_would_clip_is_limited_and_as_loud_all_the_same(english: list[AudioChunk]) -> None:
    joined = Joined().speak(tone(1.0, amplitude=0.35)).speak(english)
    gain = rms(joined.spans[1]) / rms(samples_of(english))
    assert np.abs(samples_of(english)).max() * gain > 1.2
    assert np.abs(joined.spans[1]).max() < 0.96
    assert joined.lufs(1) == pytest.approx(joined.lufs(0), abs=1)


def test_what_cannot_be_as_loud_as_the_first_span_changes_nothing_for_the_next() -> None:
    clicks = np.zeros(RATE_HZ)
    clicks[::4410] = 0.9
    joined = Joined().speak(tone(0.5)).speak(of_samples(clicks, RATE_HZ)).speak(tone(0.5, amplitude=0.1))
    assert joined.lufs(1) < joined.lufs(0) - 3
    assert joined.lufs(2) == pytest.approx(joined.lufs(0), abs=0.3)


def test_noise_before_the_first_word_sets_no_loudness() -> None:
    noise = of_samples(np.random.default_rng(4).normal(0, 0.0004, RATE_HZ), RATE_HZ)
    joined = Joined().speak(noise).speak(tone(0.5)).speak(tone(0.5, amplitude=0.1))
    assert joined.spans[0].size > 0
    assert joined.lufs(1) == pytest.approx(measured_lufs(samples_of(tone(0.5)), RATE_HZ), abs=0.3)
    assert joined.lufs(2) == pytest.approx(joined.lufs(1), abs=0.3)


@pytest.mark.parametrize("lead_s", [0.0, 0.05, 0.5])
@pytest.mark.parametrize("tail_s", [0.0, 0.05, 0.5])
def test_silence_around_a_span_is_cut_to_60_ms(lead_s: float, tail_s: float) -> None:
    joined = Joined()
    for rate_hz in (RATE_HZ, OTHER_RATE_HZ):
        joined.speak([*silence(lead_s, rate_hz), *tone(0.5, rate_hz), *silence(tail_s, rate_hz)])
    kept_ms = (min(lead_s, 0.06) + 0.5 + min(tail_s, 0.06)) * 1000
    assert [joined.duration_ms(0), joined.duration_ms(1)] == pytest.approx([kept_ms, kept_ms], abs=2)
    cut_ms = 1000 * max(0.0, lead_s - 0.06)
    assert joined.shifts_ms == pytest.approx([-cut_ms, kept_ms - cut_ms], abs=2)


@pytest.mark.parametrize("quiet", [0.01, 0.05, 1.0])
def test_silence_is_told_by_a_spans_own_peak(quiet: float) -> None:
    """A voice whose noise is 60 dB below its peak, however loud it is."""
    hiss = np.random.default_rng(3).uniform(-0.001, 0.001, RATE_HZ)
    said = of_samples(quiet * (hiss + np.pad(samples_of(tone(0.5)), (5000, RATE_HZ - 5000 - 11025))), RATE_HZ)
    joined = Joined().speak(tone(0.5)).speak(said)
    assert joined.duration_ms(1) == pytest.approx(620, abs=3)


def test_the_quiet_end_of_a_word_is_no_silence() -> None:
    word = [*tone(0.3, amplitude=0.005), *tone(0.4), *tone(0.3, amplitude=0.005)]
    joined = Joined().speak(word).speak(word)
    assert [joined.duration_ms(0), joined.duration_ms(1)] == pytest.approx([1000, 1000], abs=2)


@pytest.mark.parametrize("lead_s", [0.0, 0.7])
@pytest.mark.parametrize("order", [(RATE_HZ, OTHER_RATE_HZ, RATE_HZ), (48_000, 16_000, RATE_HZ)])
def test_a_shifted_time_is_when_it_is_heard(lead_s: float, order: tuple[int, ...]) -> None:
    """Each span hums, pauses, and sounds a tone at a known time: that is where it must be in the joined audio."""
    joined = Joined()
    for rate_hz in order:
        hum = tone(0.2, rate_hz, amplitude=0.05)
        joined.speak([*silence(lead_s, rate_hz), *hum, *silence(0.3, rate_hz), *tone(0.4, rate_hz)])
        joined.beep(100)
    known_ms = (lead_s + 0.5) * 1000
    for span in (0, 2, 4):
        before = sum(map(len, joined.spans[:span])) / joined.rate_hz * 1000
        heard_ms = before + onset_ms(joined.spans[span], joined.rate_hz)
        assert joined.shifts_ms[span] + known_ms == pytest.approx(heard_ms, abs=2)


@pytest.mark.parametrize("order", [(RATE_HZ, OTHER_RATE_HZ, RATE_HZ), (48_000, 8000, 16_000)])
@pytest.mark.parametrize("seconds", [0.005, 0.02, 0.5])
def test_a_span_that_begins_and_ends_in_mid_swing_does_not_click(order: tuple[int, ...], seconds: float) -> None:
    joined = Joined()
    for rate_hz in order:
        joined.speak(swinging(seconds, rate_hz))
    assert max(joined.jumps()) < JUMP
    assert [joined.duration_ms(span) for span in range(3)] == pytest.approx([seconds * 1000] * 3, abs=1)
    assert all(rms(span) > 0.05 for span in joined.spans)


@pytest.mark.parametrize("offset", [0.01, 0.3])
def test_a_constant_offset_neither_clicks_nor_counts_as_sound(offset: float) -> None:
    sound = np.pad(samples_of(tone(0.5, amplitude=0.2)), 11_025)
    with_offset = of_samples(offset + sound, RATE_HZ)
    joined = Joined().speak(with_offset).speak(with_offset).speak(of_samples(np.full(RATE_HZ, offset), RATE_HZ))
    assert max(joined.jumps()) < JUMP
    assert joined.duration_ms(1) == pytest.approx(620, abs=2)
    assert joined.duration_ms(2) == 0
    assert [joined.lufs(0), joined.lufs(1)] == pytest.approx([measured_lufs(sound, RATE_HZ)] * 2, abs=0.5)


@pytest.mark.parametrize("nothing", [[], silence(0.5), CAPTIONS_ONLY])
def test_what_sounds_after_nothing_sets_rate_and_loudness(nothing: list[AudioChunk]) -> None:
    joined = Joined().speak(nothing).speak(nothing).speak(tone(0.5, OTHER_RATE_HZ)).speak(tone(0.5, amplitude=0.1))
    assert joined.rate_hz == OTHER_RATE_HZ
    assert joined.shifts_ms == pytest.approx([0, 0, 0, 500])
    assert joined.lufs(3) == pytest.approx(joined.lufs(2), abs=0.5)
    assert rms(joined.spans[2]) == pytest.approx(rms(samples_of(tone(0.5))), rel=0.05)


@pytest.mark.parametrize("nothing", [[], silence(0.5), CAPTIONS_ONLY, [AudioChunk(b"\1", RATE_HZ)]])
def test_a_later_span_of_nothing_leaves_no_trace(nothing: list[AudioChunk]) -> None:
    joined = Joined().speak(tone(0.5)).speak(nothing).speak(tone(0.5, OTHER_RATE_HZ))
    assert joined.spans[1].size == 0
    assert joined.shifts_ms == pytest.approx([0, 500, 500])


def test_chunks_that_bring_only_captions_change_nothing() -> None:
    captions_only = AudioChunk(b"", RATE_HZ, captions=(Caption("a", 0, 9),))
    with_captions = [each for chunk in tone(0.5) for each in (captions_only, chunk, captions_only)]
    joined, expected = Joined(), Joined()
    for rate_hz in (RATE_HZ, OTHER_RATE_HZ):
        joined.speak([AudioChunk(each.data, rate_hz, captions=each.captions) for each in with_captions])
        expected.speak([AudioChunk(each.data, rate_hz) for each in tone(0.5)])
    assert (joined.samples == expected.samples).all()


@settings(max_examples=25)
@given(st.lists(st.integers(1, 3000), min_size=1, max_size=20))
def test_it_does_not_matter_where_the_chunks_are_cut(sizes: list[int]) -> None:
    """Not even within a sample."""
    pcm = sine(0.5)
    cuts = [0, *(int(cut) for cut in np.cumsum(sizes) if cut < len(pcm)), len(pcm)]
    pieces = [AudioChunk(pcm[start:end], RATE_HZ) for start, end in pairwise(cuts)]
    joined = Joined().speak(pieces).speak(pieces)
    whole = Joined().speak([AudioChunk(pcm, RATE_HZ)]).speak([AudioChunk(pcm, RATE_HZ)])
    assert np.abs(joined.samples - whole.samples).max() < 1.1 / 32768


@pytest.mark.parametrize("place", [0, 1])
def test_mp3_is_decoded(place: int) -> None:
    spans = [tone(0.6), tone(0.6)]
    spans[place] = mp3(sine(0.6, rate_hz=OTHER_RATE_HZ, amplitude=0.2), OTHER_RATE_HZ)
    joined = Joined().speak(spans[0]).speak(spans[1])
    assert joined.rate_hz == (OTHER_RATE_HZ if place == 0 else RATE_HZ)
    assert joined.duration_ms(place) == pytest.approx(600, abs=130)
    assert loudest_frequency_hz(joined.spans[place], joined.rate_hz) == pytest.approx(440, abs=3)
    assert joined.lufs(1) == pytest.approx(joined.lufs(0), abs=1)
    assert max(joined.jumps()) < JUMP


@pytest.mark.parametrize("before", [[], tone(0.5)])
def test_mp3_that_cannot_be_decoded_is_bad_audio_and_leaves_no_trace(before: list[AudioChunk]) -> None:
    joined = Joined().speak(before)
    joined.joiner.write(AudioChunk(b"<html>503</html>" * 20, RATE_HZ, AudioEncoding.MP3))
    with pytest.raises(BadAudioError):
        joined.joiner.end_span()
    joined.speak(tone(0.5))
    assert joined.shifts_ms == pytest.approx([0, 500 if before else 0])


@pytest.mark.parametrize("duration_ms", [30, 100, 700])
def test_a_beep_is_a_faded_tone_of_1_khz_as_loud_as_the_rest(duration_ms: int) -> None:
    joined = Joined().speak(tone(0.5, amplitude=0.2)).beep(duration_ms).speak(tone(0.5))
    assert joined.duration_ms(1) == pytest.approx(duration_ms, abs=0.1)
    assert joined.shifts_ms == pytest.approx([0, 500, 500 + duration_ms], abs=0.1)
    assert loudest_frequency_hz(joined.spans[1], RATE_HZ) == pytest.approx(1000, abs=40)
    millisecond = RATE_HZ // 1000
    assert max(rms(joined.spans[1][:millisecond]), rms(joined.spans[1][-millisecond:])) < rms(joined.spans[1]) / 10
    # 440 Hz is heard 0.6 LU quieter than 1 kHz; what is short loses its fades.
    assert rms(joined.spans[1]) == pytest.approx(rms(joined.spans[0]) * 10 ** (-0.6 / 20), rel=0.15)
    assert max(joined.jumps()) < JUMP


def test_a_beep_before_all_speech_sets_rate_and_loudness() -> None:
    joined = Joined().beep(500).speak(tone(0.5, amplitude=0.9))
    assert joined.rate_hz == 24_000
    assert [joined.lufs(0), joined.lufs(1)] == pytest.approx([-20, -20], abs=0.3)
    assert joined.shifts_ms == pytest.approx([0, 500])


def test_a_beep_of_no_length_is_none() -> None:
    joined = Joined().speak(tone(0.5)).beep(0)
    assert joined.spans[1].size == 0
    assert joined.shifts_ms[1] == pytest.approx(500)
