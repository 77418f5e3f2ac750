"""The ledger in Redis: one hash a month, so that checking the caps and adding is one step for all processes.

Every entry has a mark of its own that says what became of it. So it counts once, however often it is sent, and one that
was taken back does not count though it comes late.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from danmu_tts.adapters.redis.client import RedisClient, Script
from danmu_tts.domain.errors import StoreAwayError
from danmu_tts.domain.spend import Cap, Entry, Total

# Last month's figures are still asked for when the bill comes.
_KEPT_S = 400 * 24 * 3600
_MARK_KEPT_S = 24 * 3600
# Anybody with a key may invent rooms. Beyond so many fields new ones are only counted in the sums.
_MOST_FIELDS = 300_000
_SETTLED_AT_ONCE = 200
_SETTLED_EVERY_S = 1.0
_FIELDS = ("characters", "paid_characters", "nano_usd")

_FUNCTIONS = """
local fields = {'|characters', '|paid_characters', '|nano_usd'}
local function count(sign, first, last)
    local is_full = redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[6])
    for i = first, last do
        local is_room = string.sub(ARGV[i], 1, 5) == 'room/'
        if not (is_full and is_room and redis.call('HEXISTS', KEYS[1], ARGV[i] .. fields[1]) == 0) then
            for j = 1, 3 do redis.call('HINCRBY', KEYS[1], ARGV[i] .. fields[j], sign * tonumber(ARGV[j])) end
        end
    end
    redis.call('EXPIRE', KEYS[1], ARGV[4])
end
"""
# KEYS: the month, the mark. ARGV: the three figures, how long to keep the month and the mark, the most fields, how many
# subjects, the subjects; then each cap as its subject and its two figures, -1 for none. Answers whether it counts, and
# the caps' totals before it. A free entry passes every cap.
_ENTER = Script(
    _FUNCTIONS
    + """
local last = 7 + tonumber(ARGV[7])
local totals, passes = {}, 1
for i = last + 1, #ARGV, 3 do
    local total = {}
    for j = 1, 3 do total[j] = tonumber(redis.call('HGET', KEYS[1], ARGV[i] .. fields[j]) or 0) end
    for j = 2, 3 do
        local cap = tonumber(ARGV[i + j - 1])
        if cap >= 0 and tonumber(ARGV[3]) > 0 and total[j] + tonumber(ARGV[j]) > cap then passes = 0 end
    end
    totals[#totals + 1] = total
end
local mark = redis.call('GET', KEYS[2])
if mark then return {tonumber(mark), totals} end
if passes == 1 then
    count(1, 8, last)
    redis.call('SET', KEYS[2], '1', 'EX', ARGV[5])
end
return {passes, totals}
"""
)
_CANCEL = Script(
    _FUNCTIONS
    + """
if redis.call('GET', KEYS[2]) == '1' then count(-1, 8, 7 + tonumber(ARGV[7])) end
redis.call('SET', KEYS[2], '0', 'EX', ARGV[5])
"""
)


@dataclass(frozen=True, slots=True)
class _Owed:
    """What Redis has yet to be told. ``counted``: how often this process counts the entry meanwhile, also -1."""

    script: Script
    entry: Entry
    counted: int


class RedisLedger:
    """See ``ports.Ledger``. While Redis is away this process goes by what it last knew, and tells it afterwards."""

    def __init__(self, redis: RedisClient, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        self._redis = redis
        self._sleep = sleep
        self._known: dict[tuple[str, str], Total] = {}
        self._alone: dict[tuple[str, str], Total] = {}
        self._owed: deque[_Owed] = deque()
        self._settling: asyncio.Task[None] | None = None

    async def enter(self, entry: Entry, caps: Sequence[Cap]) -> bool:
        """Add an entry if it leaves every cap kept; one that was never heard of is taken for used up."""
        args = [value for cap in caps for value in (cap.subject, _or_none(cap.paid_characters), _or_none(cap.nano_usd))]
        try:
            counts, totals = await self._call(_ENTER, entry, args)
        except StoreAwayError:
            return self._enter_alone(entry, caps)
        for cap, total in zip(caps, totals, strict=True):
            before = Total(*total)
            is_in = counts and cap.subject in entry.subjects
            self._known[entry.month, cap.subject] = before.plus(entry) if is_in else before
        return bool(counts)

    async def cancel(self, entry: Entry) -> None:
        """Take an entry back."""
        try:
            await self._call(_CANCEL, entry)
        except StoreAwayError:
            self._owe(_Owed(_CANCEL, entry, -1))

    async def total(self, month: str, subject: str) -> Total:
        """What one subject has used up. Raises StoreAwayError."""
        found = await self._redis.run("HMGET", self._key(month), *(f"{subject}|{field}" for field in _FIELDS))
        return Total(*(int(value or 0) for value in found))

    async def report(self, month: str) -> Mapping[str, Total]:
        """What each subject has used up, read piece by piece: there may be many rooms. Raises StoreAwayError."""
        await self._settle()
        figures: dict[str, dict[str, int]] = {}
        cursor = 0
        while True:
            cursor, found = await self._redis.run("HSCAN", self._key(month), cursor, "COUNT", 1000)
            for name, value in found.items():
                subject, _, field = name.decode().rpartition("|")
                figures.setdefault(subject, {})[field] = int(value)
            if not cursor:
                return {subject: Total(**values) for subject, values in figures.items()}

    async def close(self) -> None:
        """Tell Redis what it has yet to be told, if it is there."""
        if self._settling:
            self._settling.cancel()
        with suppress(StoreAwayError):
            await self._settle()

    def _enter_alone(self, entry: Entry, caps: Sequence[Cap]) -> bool:
        for cap in caps if entry.cost.nano_usd else ():
            account = entry.month, cap.subject
            known = self._known.get(account)
            if known is None or not cap.allows(_sum(known, self._alone.get(account, Total())).plus(entry)):
                self._owe(_Owed(_CANCEL, entry, 0))  # it may have got there, and only the answer was lost
                return False
        self._owe(_Owed(_ENTER, entry, 1))
        return True

    def _owe(self, owed: _Owed) -> None:
        self._owed.append(owed)
        for account in _accounts(owed):
            self._alone[account] = self._alone.get(account, Total()).plus(owed.entry, owed.counted)
        if self._settling is None or self._settling.done():
            self._settling = asyncio.create_task(self._settle_later())

    async def _settle_later(self) -> None:
        while self._owed:
            await self._sleep(_SETTLED_EVERY_S)
            with suppress(StoreAwayError):
                await self._settle()

    async def _settle(self) -> None:
        """Tell what is owed. What is not answered stays owed: told twice, it counts once. Raises StoreAwayError."""
        while self._owed:
            telling = [self._owed[at] for at in range(min(_SETTLED_AT_ONCE, len(self._owed)))]
            await asyncio.gather(*(self._call(owed.script, owed.entry) for owed in telling))
            for owed in telling:
                if self._owed and self._owed[0] is owed:  # somebody else may have settled it meanwhile
                    self._told(self._owed.popleft())

    def _told(self, owed: _Owed) -> None:
        """Redis counts it now."""
        for account in _accounts(owed):
            left = self._alone.pop(account, Total()).plus(owed.entry, -owed.counted)
            if left != Total():
                self._alone[account] = left
            if account in self._known:
                self._known[account] = self._known[account].plus(owed.entry, owed.counted)

    async def _call(self, script: Script, entry: Entry, caps: Sequence[str | int] = ()) -> tuple[int, list[list[int]]]:
        keys = [self._key(entry.month), self._redis.key("{spend}", "entry", entry.id)]
        figures = (entry.cost.characters, entry.paid_characters, entry.cost.nano_usd)
        limits = (_KEPT_S, _MARK_KEPT_S, _MOST_FIELDS)
        answer = await self._redis.call(script, keys, [*figures, *limits, len(entry.subjects), *entry.subjects, *caps])
        return answer or (1, [])

    def _key(self, month: str) -> str:
        return self._redis.key("{spend}", month)


def _accounts(owed: _Owed) -> Iterator[tuple[str, str]]:
    for subject in owed.entry.subjects if owed.counted else ():
        yield owed.entry.month, subject


def _sum(one: Total, other: Total) -> Total:
    return Total(
        one.characters + other.characters,
        one.paid_characters + other.paid_characters,
        one.nano_usd + other.nano_usd,
    )


def _or_none(cap: int | None) -> int:
    return -1 if cap is None else cap
