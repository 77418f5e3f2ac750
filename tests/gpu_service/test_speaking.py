import hashlib
from typing import Any

from gpu_service.clock import SystemClock
from gpu_service.references import References
from gpu_service.speaking import Speaker
from gpu_service.store import Store
from gpu_service.tickets import Ticket
from gpu_service.watch import Watch
from tests.builders.gpu_flood import VirtualClock
from tests.builders.jobs import speech_job
from tests.fakes.xtts_engine import FakeXttsEngine

_RECORDING = b"RIFF recording"
_REFERENCE = {"key": "models/reference_voices/mine.wav", "sha256": hashlib.sha256(_RECORDING).hexdigest()}


class SlowStore(Store):
    """Takes a second of virtual time for a recording."""

    def __init__(self, clock: VirtualClock) -> None:
        nothing: Any = None
        super().__init__(nothing, "bucket")
        self._clock = clock

    def get(self, key: str) -> bytes:
        self._clock.now_s += 1
        return _RECORDING


def test_a_deadline_that_ends_while_a_recording_is_fetched_is_noticed() -> None:
    clock, engine = VirtualClock(), FakeXttsEngine()
    speaker = Speaker(engine, References(SlowStore(clock), engine), Watch(SystemClock(), 60), clock)
    own = Ticket(speech_job(reference=_REFERENCE, created_at_ms=0, expires_at_ms=5000), "express")
    late = Ticket(speech_job(created_at_ms=0, expires_at_ms=1000), "express")
    spoken = {one.ticket: one for one in speaker.speak([own, late])}
    assert spoken[late].reason == "expired"
    assert spoken[own].samples is not None
    assert [len(batch) for batch in engine.batches] == [1]
    assert spoken[own].waited_ms == 1000
