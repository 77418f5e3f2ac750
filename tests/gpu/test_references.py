import hashlib
import io
from typing import Any

import numpy as np
import pytest
import soundfile

from gpu_service.ports import Line, LineError, Reference


def recording(seconds: float, rate_hz: int = 16_000, pitch_hz: float = 150, kind: str = "WAV") -> bytes:
    times = np.arange(int(seconds * rate_hz)) / rate_hz
    buffer = io.BytesIO()
    sound = 0.3 * np.sign(np.sin(2 * np.pi * pitch_hz * times)) * (0.6 + 0.4 * np.sin(9 * times))
    soundfile.write(buffer, sound.astype(np.float32), rate_hz, format=kind)
    return buffer.getvalue()


def line(wav: bytes | None, sha256: str | None = None) -> Line:
    named = sha256 or hashlib.sha256(wav or b"").hexdigest()
    return Line(("ok",), "en", "mine", reference=Reference(named, wav))


def test_a_recording_is_a_voice_whose_latents_are_made_once(greedy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from gpu_service.engine import references

    compute, computed = references.compute, list[str]()

    def counted(model: Any, config: Any, reference: Reference) -> Any:
        computed.append(reference.sha256)
        return compute(model, config, reference)

    monkeypatch.setattr(references, "compute", counted)
    wav = recording(3.5)
    sha256 = hashlib.sha256(wav).hexdigest()
    assert not greedy.has_latents(sha256)
    first = greedy.speak([line(wav)])[0]
    assert greedy.has_latents(sha256)
    again = greedy.speak([line(None, sha256)])[0]
    np.testing.assert_array_equal(first, again)
    assert computed == [sha256]
    assert greedy.figures()["latents_kept"] >= 1


def test_another_recording_is_another_voice(greedy: Any) -> None:
    low, high = greedy.speak([line(recording(3.2, pitch_hz=90)), line(recording(3.2, pitch_hz=400))])
    assert low.shape != high.shape or not np.allclose(low, high, atol=1e-4)


@pytest.mark.parametrize(
    "bad",
    [
        line(recording(2.9)),
        line(recording(30.5, 8000)),
        line(b"RIFF of nothing"),
        line(b""),
        line(None, "0" * 64),
        line(recording(4), "0" * 64),
        line(recording(4, kind="FLAC")),
        line(recording(4)[:1000]),
    ],
    ids=["short", "long", "no sound", "empty", "not sent", "another", "no WAV", "cut"],
)
def test_a_bad_recording_is_refused_and_harms_no_other(greedy: Any, bad: Line) -> None:
    error, good = greedy.speak([bad, Line(("ok",), "en", "ana-florence")])
    assert isinstance(error, LineError)
    assert error.reason == "bad_reference"
    assert isinstance(good, np.ndarray)
    assert not greedy.has_latents(bad.reference.sha256 if bad.reference else "")


def test_silence_is_no_voice(greedy: Any) -> None:
    buffer = io.BytesIO()
    soundfile.write(buffer, np.zeros(16_000 * 4), 16_000, format="WAV")
    assert greedy.speak([line(buffer.getvalue())])[0].reason == "bad_reference"


def test_the_least_recently_used_latents_are_forgotten() -> None:
    import torch

    from gpu_service.engine.checkpoint import Voice
    from gpu_service.engine.references import Latents

    voice = Voice(torch.zeros(32, 64), torch.zeros(512, 1))
    latents = Latents(2)
    for name in ("a", "b", "a", "c"):
        latents.get(name, lambda: voice)
    assert ("a" in latents, "b" in latents, "c" in latents) == (True, False, True)
    assert latents.size_bytes == 2 * voice.size_bytes

    bounded = Latents(10, most_bytes=voice.size_bytes + 1)
    for name in ("a", "b"):
        bounded.get(name, lambda: voice)
    assert len(bounded) == 1
