"""The ledger in Redis: one hash a month, so that checking the caps and adding is one step for all processes."""

from collections.abc import Mapping, Sequence

from danmu_tts.adapters.redis.client import RedisClient, Script
from danmu_tts.domain.errors import StoreAwayError
from danmu_tts.domain.spend import Cap, Entry, Total

# Last month's figures are still asked for when the bill comes.
_KEPT_S = 400 * 24 * 3600
# A month and the subjects that are counted together.
_Account = tuple[str, tuple[str, ...]]

# ARGV: how long to keep it, the entry's three figures, how many subjects, the subjects, then each cap as its subject
# and its two figures, -1 for none. A free entry passes every cap. Answers whether it was added, and the caps' totals.
_ENTER = Script("""
local fields = {'|characters', '|paid_characters', '|nano_usd'}
local added, subjects = {ARGV[2], ARGV[3], ARGV[4]}, tonumber(ARGV[5])
local passes, totals = 1, {}
for i = 6 + subjects, #ARGV, 3 do
    local total = {}
    for j = 1, 3 do total[j] = tonumber(redis.call('HGET', KEYS[1], ARGV[i] .. fields[j]) or 0) end
    for j = 2, 3 do
        local cap = tonumber(ARGV[i + j - 1])
        if cap >= 0 and tonumber(ARGV[4]) > 0 and total[j] + tonumber(added[j]) > cap then passes = 0 end
    end
    totals[#totals + 1] = total
end
if passes == 1 then
    for i = 6, 5 + subjects do
        for j = 1, 3 do redis.call('HINCRBY', KEYS[1], ARGV[i] .. fields[j], added[j]) end
    end
    redis.call('EXPIRE', KEYS[1], ARGV[1])
end
return {passes, totals}
""")


class RedisLedger:
    """See ``ports.Ledger``. While Redis is away this process goes by what it last knew, and adds it up afterwards."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis
        self._known: dict[tuple[str, str], Total] = {}
        self._owed: dict[_Account, Total] = {}

    async def enter(self, entry: Entry, caps: Sequence[Cap]) -> bool:
        """Add an entry if it leaves every cap kept."""
        try:
            await self._settle()
            passes, totals = await self._add(_account(entry), Total().plus(entry), caps)
        except StoreAwayError:
            return self._enter_alone(entry, caps)
        for cap, total in zip(caps, totals, strict=True):
            before = Total(*total)
            counts = passes and cap.subject in entry.subjects
            self._known[entry.month, cap.subject] = before.plus(entry) if counts else before
        return bool(passes)

    async def cancel(self, entry: Entry) -> None:
        """Take an entry back."""
        try:
            await self._settle()
            await self._add(_account(entry), Total().plus(entry, -1), ())
        except StoreAwayError:
            self._owe(_account(entry), Total().plus(entry, -1))

    async def report(self, month: str) -> Mapping[str, Total]:
        """What each subject has used up. Raises StoreAwayError."""
        await self._settle()
        found = await self._redis.run("HGETALL", self._key(month))
        figures: dict[str, dict[str, int]] = {}
        for name, value in found.items():
            subject, _, field = name.decode().rpartition("|")
            figures.setdefault(subject, {})[field] = int(value)
        return {subject: Total(**values) for subject, values in figures.items()}

    async def _settle(self) -> None:
        """Add what was spent while Redis was away."""
        while self._owed:
            account, total = self._owed.popitem()
            try:
                await self._add(account, total, ())
            except BaseException:  # also where the one who asks leaves meanwhile
                self._owe(account, total)
                raise

    def _owe(self, account: _Account, total: Total) -> None:
        self._owed[account] = _sum(self._owed.get(account, Total()), total)

    def _enter_alone(self, entry: Entry, caps: Sequence[Cap]) -> bool:
        for cap in caps if entry.cost.nano_usd else ():
            total = self._known.get((entry.month, cap.subject), Total())
            for (month, subjects), owed in self._owed.items():
                total = _sum(total, owed) if month == entry.month and cap.subject in subjects else total
            if not cap.allows(total.plus(entry) if cap.subject in entry.subjects else total):
                return False
        self._owe(_account(entry), Total().plus(entry))
        return True

    async def _add(self, account: _Account, added: Total, caps: Sequence[Cap]) -> tuple[int, list[list[int]]]:
        (month, subjects), figures = account, [added.characters, added.paid_characters, added.nano_usd]
        args: list[str | int] = [_KEPT_S, *figures, len(subjects), *subjects]
        for cap in caps:
            args += [cap.subject, _or_none(cap.paid_characters), _or_none(cap.nano_usd)]
        passes, totals = await self._redis.call(_ENTER, [self._key(month)], args)
        return passes, totals

    def _key(self, month: str) -> str:
        return self._redis.key("spend", month)


def _account(entry: Entry) -> _Account:
    return entry.month, entry.subjects


def _sum(one: Total, other: Total) -> Total:
    return Total(
        one.characters + other.characters,
        one.paid_characters + other.paid_characters,
        one.nano_usd + other.nano_usd,
    )


def _or_none(cap: int | None) -> int:
    return -1 if cap is None else cap
