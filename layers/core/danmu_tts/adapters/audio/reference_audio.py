"""Can a voice be cloned from this recording? And if so, the recording as XTTS wants it."""

import io
from typing import TYPE_CHECKING, Any

from danmu_tts.adapters.audio import speech_presence
from danmu_tts.adapters.audio.recording_reader import UnreadableError, read_recording, wrong_length
from danmu_tts.domain.reference_voices import LONGEST_S, SHORTEST_S
from danmu_tts.ports.reference_voices import WAV_RATE_HZ, FitRecording, UnfitRecording

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Samples = NDArray[Any]

_FRAME_S = 0.02
_SILENT_DB = -55.0  # of full scale: quieter than any microphone that somebody speaks into
_QUIET_DB = -40.0  # below the loudest: a breath, a room
_MARGIN_FRAMES = 5
# A wave that was cut off stays at its highest for several samples; another only touches it.
_AT_PEAK = 0.995
_MOST_CLIPPED = 0.05
_PEAK = 0.7  # -3 dB of full scale
_MOST_GAIN = 10.0
_SMALLEST = 1e-10


class RecordingExaminer:
    """See ``ports.reference_voices.ReferenceExaminer``. numpy, soundfile and soxr are loaded by the first recording."""

    def examine(self, data: bytes) -> FitRecording | UnfitRecording:
        """See ``ports.reference_voices.ReferenceExaminer.examine``."""
        try:
            return _prepared(*read_recording(data))
        except UnreadableError as error:
            return UnfitRecording(str(error))


def _prepared(samples: "Samples", rate_hz: int) -> FitRecording | UnfitRecording:
    import soxr

    if samples.size < SHORTEST_S * rate_hz:
        return UnfitRecording(wrong_length(samples.size / rate_hz))
    heard = _without_silence(samples - samples.mean(), rate_hz)
    if not heard.size:
        return UnfitRecording("It is silent, or nearly so.")
    seconds = heard.size / rate_hz
    if not SHORTEST_S <= seconds <= LONGEST_S:
        return UnfitRecording(wrong_length(seconds, "What is heard, without the silence around it,"))
    if not speech_presence.presence_of(soxr.resample(heard, rate_hz, speech_presence.RATE_HZ)).is_speech:
        return UnfitRecording("No speech was heard in it: at least 3 s of one person who speaks are needed.")
    clipped = _clipped(heard)
    if clipped > _MOST_CLIPPED:
        return UnfitRecording(f"It is distorted: {clipped:.0%} of it is clipped. Record it again, further away.")
    return FitRecording(_wav(soxr.resample(heard, rate_hz, WAV_RATE_HZ)))


def _without_silence(samples: "Samples", rate_hz: int) -> "Samples":
    """From just before what is first heard to just after what is last heard."""
    import numpy as np

    frame = round(_FRAME_S * rate_hz)
    whole = samples[: samples.size // frame * frame].reshape(-1, frame)
    levels_db = 10 * np.log10(np.square(whole).mean(axis=1) + _SMALLEST)
    loud_db = float(np.percentile(levels_db, 95)) if levels_db.size else _SILENT_DB
    (heard,) = np.nonzero(levels_db > max(loud_db + _QUIET_DB, _SILENT_DB))
    if not heard.size:
        return samples[:0]
    return samples[max(0, heard[0] - _MARGIN_FRAMES) * frame : (heard[-1] + 1 + _MARGIN_FRAMES) * frame]


def _clipped(samples: "Samples") -> float:
    """The share of samples at the highest or the lowest, wherever these are: it may have been turned down since."""
    import numpy as np

    highest, lowest = samples.max() * _AT_PEAK, samples.min() * _AT_PEAK
    return float(np.mean((samples >= highest) | (samples <= lowest)))


def _wav(samples: "Samples") -> bytes:
    """The file, as loud as it may be without a limiter; a faint recording's noise is not raised without end."""
    import numpy as np
    import soundfile

    gain = min(_MOST_GAIN, _PEAK / float(np.abs(samples).max() + _SMALLEST))
    file = io.BytesIO()
    soundfile.write(file, samples * gain, WAV_RATE_HZ, format="WAV", subtype="PCM_16")
    return file.getvalue()
