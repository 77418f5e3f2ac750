from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from danmu_tts.adapters.backends.onnx_sessions import OnnxSessions
from danmu_tts.adapters.backends.piper_stages import PiperStages, open_voice
from danmu_tts.engine_slots import EngineSlots
from tests.builders.onnx_models import Step, onnx_model
from tests.builders.piper_voices import PACKAGED

FRAME = 256
TOLERANCE = 1e-4
Samples = NDArray[np.float32]


def opened() -> PiperStages:
    voice = open_voice(PACKAGED, EngineSlots(1), threads=1)
    assert isinstance(voice, PiperStages)
    return voice


@pytest.fixture(scope="module")
def stages() -> PiperStages:
    return opened()


@pytest.fixture(scope="module")
def prior(stages: PiperStages) -> Samples:
    prior = stages.prior(inputs(100))
    assert prior.shape[2] >= 200
    return prior


def inputs(phonemes: int, noise: float = 0.667) -> dict[str, NDArray[Any]]:
    ids = np.random.default_rng(1).integers(14, 90, (1, phonemes))
    return {
        "input": ids,
        "input_lengths": np.array([phonemes]),
        "scales": np.array([noise, 1.0, noise and 0.8], np.float32),
    }


def made(stages: PiperStages, prior: Samples) -> list[Samples]:
    return [samples for samples, _ in stages.windows(prior)]


def test_the_stages_together_are_the_voice(stages: PiperStages) -> None:
    still = inputs(40, noise=0.0)
    session = onnxruntime.InferenceSession(str(PACKAGED), providers=["CPUExecutionProvider"])
    whole = session.run(None, still)[0]
    assert stages.run(None, still)[0] == pytest.approx(whole, abs=TOLERANCE)


@pytest.mark.parametrize("frames", [1, 9, 10, 19, 20, 21, 36, 37, 49, 50, 51, 89, 90, 91, 200])
def test_windows_are_what_the_voice_says_at_once(stages: PiperStages, prior: Samples, frames: int) -> None:
    short = prior[:, :, :frames]
    whole = stages.agreed(short)
    assert whole is not None
    assert whole.size == short.shape[2] * FRAME
    assert np.concatenate(made(stages, short)) == pytest.approx(whole, abs=TOLERANCE)


def test_the_first_window_is_short_and_the_next_ones_grow(stages: PiperStages, prior: Samples) -> None:
    sizes = [samples.size // FRAME for samples in made(stages, prior[:, :, :200])]
    assert sizes == [10, 40, 150]


def test_only_the_last_window_is_marked(stages: PiperStages, prior: Samples) -> None:
    assert [is_end for _, is_end in stages.windows(prior[:, :, :200])] == [False, False, True]


def test_the_first_window_is_there_before_the_rest_is_decoded(prior: Samples, monkeypatch: pytest.MonkeyPatch) -> None:
    stages = opened()  # the others' may have found that they have to reach further
    frames: list[int] = []
    genuine = OnnxSessions.run

    def listen(self: OnnxSessions, outputs: None, given: dict[str, Any], stage: int = 0) -> list[Any]:
        frames.append(next(iter(given.values())).shape[-1])
        return genuine(self, outputs, given, stage)

    monkeypatch.setattr(OnnxSessions, "run", listen)
    next(iter(stages.windows(prior[:, :, :200])))
    assert frames == [36, 20]  # the flow, then the decoder


def test_a_voice_whose_windows_differ_is_found_out(
    stages: PiperStages, prior: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    def off(self: PiperStages, each: Samples) -> Iterator[tuple[Samples, bool]]:
        for samples, is_end in genuine(self, each):
            yield (samples + 0.001).astype(np.float32), is_end

    genuine = PiperStages.windows
    monkeypatch.setattr(PiperStages, "windows", off)
    assert stages.agreed(prior) is None


FLOW = Step("Mul", ("prior", "mask"), "latent", name="/flow/flows.6/Mul")
DECODER = Step("Neg", ("latent",), "samples", name="/dec/conv_pre/Conv")
SPEAKER = Step("Add", ("latent", "speaker"), "samples", name="/dec/Add")
PRIOR = Step("Neg", ("given",), "prior")


@pytest.mark.parametrize(
    "steps",
    [
        [PRIOR, Step("Neg", ("prior",), "samples")],
        [PRIOR, Step("Neg", ("given",), "mask"), FLOW, DECODER],
        [
            PRIOR,
            Step("Neg", ("given",), "mask"),
            Step("Neg", ("given",), "speaker"),
            FLOW,
            Step("Neg", ("latent",), "loud", name="/dec/conv_pre/Conv"),
            SPEAKER,
        ],
    ],
    ids=["no VITS", "no mask", "many speakers"],
)
def test_a_graph_that_is_cut_otherwise_speaks_at_once(tmp_path: Path, steps: list[Step]) -> None:
    path = tmp_path / "voice.onnx"
    path.write_bytes(onnx_model(steps, given="given", wanted="samples", weights={}))
    voice = open_voice(path, EngineSlots(1), threads=1)
    assert isinstance(voice, OnnxSessions)
    assert voice.run(None, {"given": np.ones((1, 1, 4), np.float32)})[0].shape == (1, 1, 4)
