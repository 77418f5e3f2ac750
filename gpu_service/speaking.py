"""Turns jobs into audio or a reason. The only one to ask the engine for batches."""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from gpu_service.clock import Clock
from gpu_service.metrics import OK, BatchFigures
from gpu_service.ports import Engine, Line, LineError, Samples
from gpu_service.references import References
from gpu_service.tickets import Ticket
from gpu_service.watch import Watch
from speech_contract.jobs import Reason, SpeechJob

_log = logging.getLogger(__name__)

_BROKEN_AFTER = 3
"""So many lines in a row, each alone, that the engine cannot explain: it is the GPU, not the lines."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """What came of a job: samples or a reason. Times in milliseconds, as in ``JobResult``."""

    ticket: Ticket
    samples: Samples | None = None
    reason: Reason | None = None
    message: str = ""
    waited_ms: int = 0
    made_ms: int = 0
    batch: int = 1


class EngineBrokenError(Exception):
    """The engine fails whatever it is asked."""


def line_of(job: SpeechJob, references: References) -> Line:
    """A job as the engine knows it. Raises LineError where its recording cannot be had."""
    return Line(job.parts, job.language, job.speaker, references.of(job), job.tempo, job.seed)


class Speaker:
    """Says batches. For one thread."""

    def __init__(self, engine: Engine, references: References, watch: Watch, clock: Clock) -> None:
        self._engine = engine
        self._references = references
        self._watch = watch
        self._clock = clock
        self._unexplained = 0

    def fits(self, tickets: Sequence[Ticket]) -> int:
        """How many of these, from the first on, fit into the GPU's memory together."""
        lines = [Line(t.job.parts, t.job.language, t.job.speaker, None, t.job.tempo, t.job.seed) for t in tickets]
        return self._engine.most_rows(lines)

    def expired(self, ticket: Ticket) -> Spoken:
        """What came of a job that was late."""
        return Spoken(ticket, reason="expired", message="its deadline was over", waited_ms=self._waited_ms(ticket))

    def speak(self, tickets: Sequence[Ticket]) -> list[Spoken]:
        """Say them together; what came of each, in any order."""
        done: list[Spoken] = []
        lines: list[tuple[Ticket, Line]] = []
        for ticket in tickets:
            try:
                lines.append((ticket, line_of(ticket.job, self._references)))
            except LineError as error:
                done.append(Spoken(ticket, reason=error.reason, message=error.message))
        # Once more: fetching a recording may have taken long.
        late = [ticket for ticket, _ in lines if ticket.job.expires_at_ms <= self._clock.unix_ms()]
        done += map(self.expired, late)
        lines = [(ticket, line) for ticket, line in lines if ticket not in late]
        return done + (self._together(lines) if lines else [])

    def check(self) -> None:
        """Raises EngineBrokenError."""
        if self._unexplained >= _BROKEN_AFTER:
            raise EngineBrokenError(f"{self._unexplained} lines in a row failed for no known reason")

    def _together(self, lines: Sequence[tuple[Ticket, Line]]) -> list[Spoken]:
        waited_ms = [self._waited_ms(ticket) for ticket, _ in lines]
        began_s = self._clock.elapsed_s()
        try:
            with self._watch.inference():
                sounds = self._engine.speak([line for _, line in lines])
        except Exception as error:  # noqa: BLE001 - whatever a GPU can throw: others in the batch may still be said
            jobs = [ticket.names for ticket, _ in lines]
            _log.warning("a batch failed", extra={"rows": len(lines), "jobs": jobs}, exc_info=True)
            if len(lines) > 1:
                return [spoken for line in lines for spoken in self._together([line])]
            self._unexplained += 1
            sounds = [LineError("failed", f"{type(error).__name__} in the engine")]
        else:
            self._unexplained = 0
        made_ms = round(1000 * (self._clock.elapsed_s() - began_s))
        return [
            _spoken(ticket, sound, waited, made_ms, len(lines))
            for (ticket, _), sound, waited in zip(lines, sounds, waited_ms, strict=True)
        ]

    def _waited_ms(self, ticket: Ticket) -> int:
        return max(0, self._clock.unix_ms() - ticket.job.created_at_ms)


def _spoken(ticket: Ticket, sound: Samples | LineError, waited_ms: int, made_ms: int, batch: int) -> Spoken:
    if isinstance(sound, LineError):
        return Spoken(ticket, None, sound.reason, sound.message, waited_ms, made_ms, batch)
    return Spoken(ticket, sound, waited_ms=waited_ms, made_ms=made_ms, batch=batch)


def figures_of(spoken: Sequence[Spoken], inference_s: float, sample_rate_hz: int) -> BatchFigures:
    """What metrics want to know of what was made together."""
    samples = sum(len(one.samples) for one in spoken if one.samples is not None)
    return BatchFigures(
        rows=sum(one.samples is not None for one in spoken),
        inference_s=inference_s,
        audio_s=samples / sample_rate_hz,
        outcomes=Counter(one.reason or OK for one in spoken),
    )
