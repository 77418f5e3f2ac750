import io

import numpy as np
import soundfile

from gpu_service.wav import endless_wav_header, pcm16, wav_file


def test_what_is_too_loud_is_clipped_and_what_is_no_number_is_silence() -> None:
    samples = np.array([0, 2, -2, np.nan, 0.5], np.float32)
    assert np.frombuffer(pcm16(samples), "<i2").tolist() == [0, 32767, -32767, 0, 16384]


def test_a_file_is_what_others_read() -> None:
    samples = np.linspace(-1, 1, 100, dtype=np.float32)
    read, rate_hz = soundfile.read(io.BytesIO(wav_file(samples, 24_000)), dtype="float32")
    assert rate_hz == 24_000
    np.testing.assert_allclose(read, samples, atol=1e-4)


def test_a_file_without_end_is_read_to_its_end() -> None:
    body = pcm16(np.full(100, 0.25, np.float32))
    read, _ = soundfile.read(io.BytesIO(endless_wav_header(24_000) + body))
    assert len(read) == 100
