"""Speech of several voices as one: at one sample rate, equally loud, on one time line, without a click at a join."""

from typing import TYPE_CHECKING, Any

from danmu_tts.adapters.audio.gated_loudness import QUIETEST_SPEECH_LUFS, SILENT_LUFS, as_loud_as, gated_loudness
from danmu_tts.adapters.audio.mp3_source import AsItIs, Mp3Decoder
from danmu_tts.domain.audio import AudioChunk, AudioEncoding
from danmu_tts.ports import AudioJoiner, JoinedSpan

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Samples = NDArray[Any]

_SILENT_PEAK = 0.001  # what never swings further is no sound
# Of the peak: -48 dB is below the end of a word and above a voice's noise.
_SILENCE = 0.004
_KEPT_SILENCE_S = 0.06
_FADE_S = 0.008
_BEEP_HZ = 1000
# Of a beep before which nothing was said.
_BEEP_RATE_HZ = 24_000
_BEEP_LUFS = -20.0


class Joiners:
    """Opens a joiner for each utterance; see ``ports.AudioJoiners``."""

    def open(self) -> AudioJoiner:
        """Start an utterance."""
        return Joiner()


class Joiner:
    """Joins the spans of one utterance; see ``ports.AudioJoiner``.

    The first span that sounds sets the rate and the loudness. It passes through while it is spoken, and nothing but
    its ends is touched; every later one is gathered and then fitted to it.
    """

    def __init__(self) -> None:
        self._rate_hz = 0  # until something sounded
        self._lufs = SILENT_LUFS
        self._start_samples = 0  # of the current span, in the joined audio
        self._end_samples = 0
        self._span: _Span | None = None
        self._heard: list[Samples] = []  # of the current span

    def write(self, chunk: AudioChunk) -> AudioChunk | None:
        """Take the next chunk of the current span, give what is ready to be sent."""
        if not chunk.data:
            return None
        span = self._span = self._span or self._begun(chunk)
        return self._join(span.write(chunk.data), span.rate_hz)

    def end_span(self) -> JoinedSpan:
        """Give the rest of the current span. Raises BadAudioError for MP3 that cannot be decoded."""
        span, self._span = self._span, None
        if span is None:
            return self._joined(None)
        chunk = self._join(span.finish(), span.rate_hz)
        return self._joined(chunk, span.cut_samples)

    def beep(self, duration_ms: int) -> JoinedSpan:
        """Give a tone as a span of its own. Without speech before it, it sets the rate and the loudness."""
        import numpy as np

        rate_hz = self._rate_hz or _BEEP_RATE_HZ
        if self._lufs < QUIETEST_SPEECH_LUFS:
            self._lufs = _BEEP_LUFS
        time_s = np.arange(round(duration_ms * rate_hz / 1000)) / rate_hz
        tone = _Ends(rate_hz).cut_off(np.sin(2 * np.pi * _BEEP_HZ * time_s))
        return self._joined(self._join(as_loud_as(tone, rate_hz, self._lufs), rate_hz))

    def _begun(self, first: AudioChunk) -> "_Span":
        if self._rate_hz:
            return _Fitted(first, self._rate_hz, self._lufs)
        return _Streamed(first, first.sample_rate_hz)

    def _join(self, samples: "Samples", rate_hz: int) -> AudioChunk | None:
        import numpy as np

        if not samples.size:
            return None
        self._rate_hz = rate_hz
        self._end_samples += samples.size
        self._heard.append(samples)
        pcm = np.clip(np.round(samples * 32768), -32768, 32767).astype("<i2").tobytes()
        return AudioChunk(pcm, rate_hz)

    def _joined(self, chunk: AudioChunk | None, cut_samples: int = 0) -> JoinedSpan:
        """Close the current span, of whose beginning ``cut_samples`` are missing."""
        import numpy as np

        if self._heard and self._lufs < QUIETEST_SPEECH_LUFS:
            self._lufs = gated_loudness(np.concatenate(self._heard), self._rate_hz)
        shift_ms = (self._start_samples - cut_samples) * 1000 / self._rate_hz if self._rate_hz else 0.0
        self._heard.clear()
        self._start_samples = self._end_samples
        return JoinedSpan(chunk, shift_ms)


class _Span:
    """Makes float samples of the joined rate from one span's bytes."""

    def __init__(self, first: AudioChunk, rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self._source = _Source(first)
        self._ends = _Ends(rate_hz)

    @property
    def cut_samples(self) -> int:
        """How many are missing at the start."""
        return self._ends.cut_samples

    def write(self, data: bytes) -> "Samples":
        raise NotImplementedError

    def finish(self) -> "Samples":
        raise NotImplementedError


class _Streamed(_Span):
    """The first span: what cannot be its end is given at once."""

    def write(self, data: bytes) -> "Samples":
        return self._ends.write(self._source.write(data))

    def finish(self) -> "Samples":
        return self._ends.cut_off(self._source.finish())


class _Fitted(_Span):
    """A later span: all of it is given at its end."""

    def __init__(self, first: AudioChunk, rate_hz: int, lufs: float) -> None:
        super().__init__(first, rate_hz)
        self._source_rate_hz = first.sample_rate_hz
        self._lufs = lufs
        self._gathered: list[Samples] = []

    def write(self, data: bytes) -> "Samples":
        samples = self._source.write(data)
        self._gathered.append(samples)
        return samples[:0]

    def finish(self) -> "Samples":
        import numpy as np
        import soxr

        samples = np.concatenate([*self._gathered, self._source.finish()])
        if not samples.size:
            return samples
        centred = samples - samples.mean()  # an offset would hide where the silence is
        resampled = soxr.resample(centred, self._source_rate_hz, self.rate_hz)
        return as_loud_as(self._ends.cut_off(resampled), self.rate_hz, self._lufs)


class _Source:
    """Reads float samples in -1..1 from bytes that may break off within a sample."""

    def __init__(self, first: AudioChunk) -> None:
        as_it_is = AsItIs(first.sample_rate_hz)
        self._decoder = as_it_is if first.encoding is AudioEncoding.PCM else Mp3Decoder(as_it_is)
        self._half = b""

    def write(self, data: bytes) -> "Samples":
        return self._floats(self._decoder.write(data))

    def finish(self) -> "Samples":
        return self._floats(self._decoder.finish())

    def _floats(self, pcm: bytes) -> "Samples":
        import numpy as np

        pcm = self._half + pcm
        whole = len(pcm) // 2 * 2
        self._half = pcm[whole:]
        samples: Samples = np.frombuffer(pcm[:whole], "<i2").astype(np.float32)
        return samples / 32768


class _Ends:
    """Leaves at most 60 ms of silence at either end of a span, and fades it in and out.

    Attributes:
        cut_samples: how many are missing at the start.
    """

    def __init__(self, rate_hz: int) -> None:
        import numpy as np

        self.cut_samples = 0
        self._silence = _SILENT_PEAK
        self._kept = round(_KEPT_SILENCE_S * rate_hz)
        self._fade = round(_FADE_S * rate_hz)
        self._held: Samples = np.zeros(0, np.float32)
        self._sounds = False
        self._is_faded_in = False

    def cut_off(self, samples: "Samples") -> "Samples":
        """Take all that is missing, give all that is left."""
        import numpy as np

        return np.concatenate([self.write(samples), self.finish()])

    def write(self, samples: "Samples") -> "Samples":
        """Give what the fade at the end cannot reach: all but the last sound and the silence after it."""
        import numpy as np

        self._held = np.concatenate([self._held, samples])
        self._silence = max(self._silence, _SILENCE * float(np.abs(samples).max(initial=0.0)))
        if not self._sounds:
            self._skip_silence()
        ready = self._sound_end() - 2 * self._fade
        if ready < (0 if self._is_faded_in else self._fade):
            return self._held[:0]
        given, self._held = self._held[:ready], self._held[ready:]
        return self._faded_in(given, self._fade)

    def finish(self) -> "Samples":
        """Give the end; nothing where nothing sounded."""
        if not self._sounds:
            self.cut_samples = 0
            return self._held[:0]
        rest = self._held[: self._sound_end() + self._kept]
        fade = min(self._fade, rest.size // 2)
        return _faded_in(self._faded_in(rest, fade)[::-1], fade)[::-1]

    def _skip_silence(self) -> None:
        import numpy as np

        loud = np.abs(self._held) > self._silence
        self._sounds = bool(loud.any())
        silent = int(loud.argmax()) if self._sounds else self._held.size
        skipped = max(0, silent - self._kept)
        self._held = self._held[skipped:]
        self.cut_samples += skipped

    def _sound_end(self) -> int:
        """Where the last sound that is held ends; 0 if there is none."""
        import numpy as np

        loud = np.flatnonzero(np.abs(self._held) > self._silence)
        return int(loud[-1]) + 1 if loud.size else 0

    def _faded_in(self, samples: "Samples", size: int) -> "Samples":
        if self._is_faded_in:
            return samples
        self._is_faded_in = True
        return _faded_in(samples, size)


def _faded_in(samples: "Samples", size: int) -> "Samples":
    """The first ``size`` samples rise by half a Hann window: no step, and no corner either."""
    import numpy as np

    rise = 0.5 - 0.5 * np.cos(np.pi * np.arange(size) / max(size, 1))
    return np.concatenate([samples[:size] * rise, samples[size:]])
