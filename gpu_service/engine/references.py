"""Recordings become voices: decoded with care, computed once, kept while there is room."""

import hashlib
import io
from collections import OrderedDict
from collections.abc import Callable

import numpy as np
import soundfile
import soxr
import torch
from TTS.tts.models.xtts import Xtts

from gpu_service.engine.checkpoint import Voice, voice_of
from gpu_service.engine.files import CheckpointConfig
from gpu_service.ports import LineError, Reference, Samples

MOST_WAV_BYTES = 64 << 20
LEAST_S, MOST_S = 3.0, 30.0
_LEAST_HZ, _MOST_HZ = 8000, 192_000
_MOST_CHANNELS = 8
_LATENTS_HZ = 22_050
"""What XTTS's conditioning encoder was trained on."""

_MOST_KEPT_BYTES = 256 << 20
_QUIET = 1e-4


def read_recording(reference: Reference) -> Samples:
    """Mono samples at 22,050 Hz of a recording to clone. Raises LineError, bad_reference."""
    wav = reference.wav
    if wav is None:
        raise LineError("bad_reference", "the recording is not there")
    if len(wav) > MOST_WAV_BYTES:
        raise LineError("bad_reference", f"the recording is larger than {MOST_WAV_BYTES} bytes")
    if hashlib.sha256(wav).hexdigest() != reference.sha256:
        raise LineError("bad_reference", "the recording is not the one that its SHA-256 names")
    try:
        with soundfile.SoundFile(io.BytesIO(wav)) as file:
            if file.format not in ("WAV", "WAVEX"):
                raise LineError("bad_reference", f"the recording is {file.format}, not WAV")
            if not _LEAST_HZ <= file.samplerate <= _MOST_HZ or file.channels > _MOST_CHANNELS:
                raise LineError("bad_reference", f"{file.channels} channels at {file.samplerate} Hz")
            if file.frames > MOST_S * file.samplerate:
                raise LineError("bad_reference", f"the recording is longer than {MOST_S:.0f} s")
            samples, rate_hz = file.read(dtype="float32", always_2d=True).mean(axis=1), file.samplerate
    except soundfile.SoundFileError as exc:
        raise LineError("bad_reference", f"the recording cannot be decoded: {exc}") from exc
    if len(samples) < LEAST_S * rate_hz:
        raise LineError("bad_reference", f"the recording is shorter than {LEAST_S:.0f} s")
    if not np.isfinite(samples).all() or np.abs(samples).max() < _QUIET:
        raise LineError("bad_reference", "the recording is silent, or no sound")
    resampled: Samples = soxr.resample(samples, rate_hz, _LATENTS_HZ).astype(np.float32)
    return np.clip(resampled, -1, 1)


def compute(model: Xtts, config: CheckpointConfig, reference: Reference) -> Voice:
    """The voice of a recording. Raises LineError, bad_reference."""
    audio = torch.from_numpy(read_recording(reference))[None].to(model.device)
    conditioning = model.get_gpt_cond_latents(
        audio, _LATENTS_HZ, length=config.gpt_cond_len, chunk_length=config.gpt_cond_chunk_len
    )
    try:
        return voice_of(conditioning.float(), model.get_speaker_embedding(audio, _LATENTS_HZ), config)
    except ValueError as exc:
        raise LineError("bad_reference", f"no voice comes of this recording: {exc}") from exc


class Latents:
    """Voices of recordings by their SHA-256, the least recently used of which are forgotten."""

    def __init__(self, most: int, most_bytes: int = _MOST_KEPT_BYTES) -> None:
        self._most, self._most_bytes = most, most_bytes
        self._kept: OrderedDict[str, Voice] = OrderedDict()

    def __contains__(self, sha256: str) -> bool:
        return sha256 in self._kept

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def size_bytes(self) -> int:
        """Of all that are kept."""
        return sum(voice.size_bytes for voice in list(self._kept.values()))

    def get(self, sha256: str, make: Callable[[], Voice]) -> Voice:
        """The voice of a recording, made if it is not there."""
        if sha256 not in self._kept:
            self._kept[sha256] = make()
        self._kept.move_to_end(sha256)
        voice = self._kept[sha256]
        while len(self._kept) > 1 and (len(self._kept) > self._most or self.size_bytes > self._most_bytes):
            self._kept.popitem(last=False)
        return voice
