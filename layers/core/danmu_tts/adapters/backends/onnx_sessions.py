"""ONNX models that use the whole machine when an utterance is alone, and one core when others speak too.

Several threads make one utterance sooner and all of them together slower: `make bench` shows both. ONNX Runtime fixes
the number when a session is made, so each model has two sessions. The second is made in the background when it is first
needed; nobody waits for it.
"""

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from danmu_tts.engine_slots import EngineSlots

# ONNX Runtime would tell Microsoft of each start and model. It looks when it is loaded, which may be by an engine.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

# More helped no voice that was measured.
_MOST_THREADS = 4


class OnnxSessions:
    """Stands in for an ``onnxruntime.InferenceSession``, or for one for each stage of a model in several."""

    def __init__(
        self,
        models: Callable[[], Sequence[bytes | str]],
        usual_lengths: Mapping[str, int],
        slots: EngineSlots,
        threads: int,
    ) -> None:
        """Make the first sessions.

        Args:
            models: gives each stage's bytes or path, once for all first sessions and once for all second ones.
            usual_lengths: of the inputs that grow with the text, along their last axis; a longer one is rare and worth
                the time that giving its memory back takes.
            threads: how many an utterance may use; 0 decides by how many utterances there are.
        """
        self._models = models
        self._usual_lengths = usual_lengths
        self._slots = slots
        self._alone = [_session(model, threads or min(slots.size, _MOST_THREADS)) for model in models()]
        self._together = self._alone if threads or slots.size == 1 else None
        self._making = threading.Lock()

    def run(self, outputs: list[str] | None, inputs: dict[str, Any], stage: int = 0) -> list[Any]:
        """Infer; arguments and answer are ONNX Runtime's."""
        sessions = self._alone
        if self._slots.busy > 1:
            if self._together is None and self._making.acquire(blocking=False):
                threading.Thread(target=self._make_second, name="onnx-session", daemon=True).start()
            sessions = self._together or self._alone
        answer: list[Any] = sessions[stage].run(outputs, inputs, self._run_options(inputs))
        return answer

    def _run_options(self, inputs: dict[str, Any]) -> Any:
        """Give memory back after a long text: a session would keep what its longest one needed, hundreds of MB."""
        if all(name not in inputs or inputs[name].shape[-1] <= usual for name, usual in self._usual_lengths.items()):
            return None
        import onnxruntime

        options = onnxruntime.RunOptions()
        options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
        return options

    def _make_second(self) -> None:
        self._together = [_session(model, 1) for model in self._models()]


def _session(model: bytes | str, threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # A spinning thread pool burns the cores that other utterances could use.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    session._model_bytes = None  # kept, tens of MB, only for a change of providers
    return session
