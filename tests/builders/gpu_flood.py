"""A GPU under a flood, in virtual time: the real choice of what is said next, by an engine whose speed is a formula."""

import random
from collections import deque
from dataclasses import dataclass, field

from gpu_service.grouping import spoken_length
from gpu_service.tickets import Lane, Ticket
from gpu_service.waiting import Waiting
from tests.builders.jobs import speech_job

MOST_ROWS = 16
_ROOM = 2 * MOST_ROWS
_BATCH_S, _LETTER_S = 0.3, 0.02
_LENGTHS = ("哈哈哈", "主播今天好厉害啊", "大家晚上好，今天我们来聊一聊这个游戏怎么玩", "这个问题我想了很久" * 4)
_VOICES = ("ana-florence", "craig-gutsy", "daisy-studious")


@dataclass
class VirtualClock:
    now_s: float = 0

    def unix_ms(self) -> int:
        return round(1000 * self.now_s)

    def elapsed_s(self) -> float:
        return self.now_s


@dataclass
class Flood:
    """What came of it: for each lane, by job, how many batches others were in first, and its rows."""

    batches: int = 0
    seconds: float = 0
    batches_waited: dict[Lane, list[int]] = field(default_factory=lambda: {"express": [], "standard": []})
    standard_gap: int = 0

    def p95(self, lane: Lane) -> int:
        waits = sorted(self.batches_waited[lane])
        return waits[int(0.95 * len(waits))]

    def rows_a_s(self) -> float:
        """What this GPU can do, of these lines."""
        return sum(map(len, self.batches_waited.values())) / self.seconds

    def standard_share(self) -> float:
        """Of all rows."""
        rows = {lane: len(waits) for lane, waits in self.batches_waited.items()}
        return rows["standard"] / (rows["standard"] + rows["express"])


def flood(express_a_s: float, batches: int = 300, seed: int = 1) -> Flood:
    """Express jobs at random at that rate, and always more standard ones than fit."""
    chance, clock, seen = random.Random(seed), VirtualClock(), Flood()
    waiting = Waiting(clock, MOST_ROWS, _ROOM)
    arrived: dict[str, int] = {}
    outside: deque[Ticket] = deque()
    next_at_s, gap = 0.0, 0
    while seen.batches < batches:
        while next_at_s <= clock.now_s:
            outside.append(_ticket(chance, "express"))
            # It waits for the batch that is being said while it arrives, too.
            arrived[outside[-1].job.id] = seen.batches - 1
            next_at_s += chance.expovariate(express_a_s)
        while outside and waiting.count("express") < _ROOM:
            waiting.add([outside.popleft()])
        while waiting.count("standard") < _ROOM:
            ticket = _ticket(chance, "standard")
            arrived[ticket.job.id] = seen.batches
            waiting.add([ticket])
        batch = waiting.take(len)
        assert batch is not None
        for ticket in batch.rows:
            seen.batches_waited[ticket.lane].append(seen.batches - arrived[ticket.job.id])
        gap = 0 if any(ticket.lane == "standard" for ticket in batch.rows) else gap + 1
        seen.standard_gap = max(seen.standard_gap, gap)
        seen.batches += 1
        clock.now_s += _BATCH_S + _LETTER_S * max(spoken_length(ticket.job) for ticket in batch.rows)
    seen.seconds = clock.now_s
    return seen


def _ticket(chance: random.Random, lane: Lane) -> Ticket:
    text = chance.choice(_LENGTHS)
    return Ticket(speech_job(text, speaker=chance.choice(_VOICES), expires_at_ms=10**12), lane)
