"""A Piper voice in stages, so that its first samples are heard before its last are made.

A voice is a VITS model (https://arxiv.org/abs/2106.06103): a text becomes a prior, a column for each frame of 256
samples; a flow makes that a latent of the same length, and a decoder turns the latent into samples. Flow and decoder,
which are most of the work, are convolutions: what a frame sounds like depends on its neighbours only. So they can work
on a few frames first, given the neighbours too.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from danmu_tts.adapters.backends.onnx_graph import OnnxGraph
from danmu_tts.adapters.backends.onnx_sessions import OnnxSessions
from danmu_tts.engine_slots import EngineSlots

if TYPE_CHECKING:
    from danmu_tts.adapters.backends.local_engine import Samples

# Frames on each side that matter. By kernel sizes, dilations and rates, the decoder of a high voice reaches 14, others
# 11; the flow reaches 32 (4 couplings of 4 convolutions, 5 wide). Measured with a medium voice, the decoder's 11th and
# the flow's outer 16 change no sample by more than 1e-5. A voice with which it is more is found out by ``agreed``, and
# speaks with the whole reach.
_HIGH_DECODER_REACH, _DECODER_REACH = 14, 11
_FLOW_REACH = 32
_UNHEARD_DECODER_REACH, _UNHEARD_FLOW_REACH = 1, 16
# 0.12 s, half of it the breath before the first sound. Each window lasts while the next, four times as long, is made,
# on a machine a third as fast as two cores of a server too; growing fast, there are few, so little is made twice.
_FIRST_FRAMES = 10
_GROWTH = 4
_TOLERANCE = 1e-4
# Two a phoneme: some 300 letters, or 25 hanzi that an English voice has to name.
_USUAL_TOKENS = 600
_USUAL_FRAMES = 1500
_TEXT, _FLOW, _DECODER = range(3)


@dataclass(frozen=True, slots=True)
class _Seams:
    """Where a model is cut: the tensors' names, and how many frames the decoder reaches to each side."""

    prior: str
    mask: str
    latent: str
    samples: str
    reach: int

    @classmethod
    def find(cls, graph: OnnxGraph) -> Self | None:
        """None for a graph that is cut otherwise: of many speakers, who change flow and decoder, or no VITS."""
        flow = next((node for node in graph.nodes if node.name.startswith("/flow/")), None)
        decoder = next((node for node in graph.nodes if node.name == "/dec/conv_pre/Conv"), None)
        if not flow or not decoder or len(graph.outputs) != 1:
            return None
        prior = flow.inputs[0]
        made, besides = {prior}, set[str]()
        for node in graph.nodes:
            if not made.isdisjoint(node.inputs):
                besides.update(tensor for tensor in node.inputs if tensor in graph.makers and tensor not in made)
                made.update(node.outputs)
        besides = {tensor for tensor in besides if graph.makers[tensor].operator != "Constant"}
        # 1 for every frame, 0 where a shorter text of the same batch has none: a Boolean made a number.
        if [graph.makers[tensor].operator for tensor in besides] != ["Cast"]:
            return None
        high = any(node.name.startswith("/dec/resblocks.0/convs1") for node in graph.nodes)
        reach = _HIGH_DECODER_REACH if high else _DECODER_REACH
        return cls(prior, besides.pop(), decoder.inputs[0], graph.outputs[0], reach)


class PiperStages:
    """Stands in for the ``onnxruntime.InferenceSession`` of a ``piper.PiperVoice``, and can do less at a time."""

    def __init__(self, path: Path, seams: _Seams, models: list[bytes], slots: EngineSlots, threads: int) -> None:
        self._seams = seams
        self._decoder_reach, self._flow_reach = seams.reach - _UNHEARD_DECODER_REACH, _FLOW_REACH - _UNHEARD_FLOW_REACH
        cut = [models]  # used up by the first sessions; tens of MB are not kept for the second ones
        self._sessions = OnnxSessions(
            lambda: cut.pop() if cut else _cut(OnnxGraph.read(path), seams),
            {"input": _USUAL_TOKENS, seams.prior: _USUAL_FRAMES, seams.latent: _USUAL_FRAMES},
            slots,
            threads,
        )

    def run(self, _: None, inputs: dict[str, Any]) -> "list[Samples]":
        """All stages at once."""
        return [self._decoded(self._latent(self.prior(inputs)))]

    def prior(self, inputs: dict[str, Any]) -> "Samples":
        """The first stage: from a voice's own inputs to floats of shape ``(1, channels, frames)``."""
        return self._done(_TEXT, inputs)

    def windows(self, prior: "Samples") -> "Iterator[tuple[Samples, bool]]":
        """The other stages, in parts that together are what they make at once: samples, and whether these end it."""
        import numpy as np

        frames, reach, flow_reach = prior.shape[2], self._decoder_reach, self._flow_reach
        known = _FIRST_FRAMES + reach if frames > _FIRST_FRAMES + reach + flow_reach else frames
        latent = self._latent(prior[:, :, : known + flow_reach])[:, :, :known]
        start, length = 0, _FIRST_FRAMES
        while start < frames:
            end = start + length if start + 2 * length < frames else frames
            if end + reach > known and known < frames:
                since = max(0, known - flow_reach)
                rest = self._latent(prior[:, :, since:])[:, :, known - since :]
                latent, known = np.concatenate((latent, rest), axis=2), frames
            left = max(0, start - reach)
            around = self._decoded(latent[:, :, left : end + reach]).ravel()
            samples = around.size // min(end + reach - left, frames - left)  # a frame
            yield around[(start - left) * samples : (end - left) * samples], end == frames
            start, length = end, length * _GROWTH

    def agreed(self, prior: "Samples") -> "Samples | None":
        """What the other stages make at once; None where the windows, with all that they reach, make something else."""
        whole = self._decoded(self._latent(prior)).ravel()
        if self._agrees(prior, whole):
            return whole
        self._decoder_reach, self._flow_reach = self._seams.reach, _FLOW_REACH
        return whole if self._agrees(prior, whole) else None

    def _agrees(self, prior: "Samples", whole: "Samples") -> bool:
        import numpy as np

        parts = np.concatenate([samples for samples, _ in self.windows(prior)])
        return parts.shape == whole.shape and bool(np.abs(parts - whole).max(initial=0.0) <= _TOLERANCE)

    def _latent(self, prior: "Samples") -> "Samples":
        import numpy as np

        mask = np.ones((1, 1, prior.shape[2]), np.float32)
        return self._done(_FLOW, {self._seams.prior: prior, self._seams.mask: mask})

    def _decoded(self, latent: "Samples") -> "Samples":
        return self._done(_DECODER, {self._seams.latent: latent})

    def _done(self, stage: int, inputs: dict[str, Any]) -> "Samples":
        answer: Samples = self._sessions.run(None, inputs, stage)[0]
        return answer


def open_voice(path: Path, slots: EngineSlots, threads: int) -> PiperStages | OnnxSessions:
    """The voice of a file, in stages where it can be cut into them. ``threads``: see ``OnnxSessions``."""
    graph = OnnxGraph.read(path)
    seams = _Seams.find(graph)
    if seams:
        return PiperStages(path, seams, _cut(graph, seams), slots, threads)
    return OnnxSessions(lambda: [str(path)], {"input": _USUAL_TOKENS}, slots, threads)


def _cut(graph: OnnxGraph, seams: _Seams) -> list[bytes]:
    return [
        graph.part([], seams.prior),
        graph.part([seams.prior, seams.mask], seams.latent),
        graph.part([seams.latent], seams.samples),
    ]
