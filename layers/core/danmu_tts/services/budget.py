"""What may be spent: every synthesis is entered in the ledger before it is made, and taken back if it is not."""

import asyncio
from calendar import monthrange
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from danmu_tts.domain.access import Principal
from danmu_tts.domain.errors import BudgetExhaustedError, StoreAwayError
from danmu_tts.domain.spend import NANO, Cap, Cost, Entry, Total
from danmu_tts.observability import describe_error, get_logger
from danmu_tts.ports import BackendTraits, Ledger, Metrics
from danmu_tts.text.language import syllable_weights

logger = get_logger("budget")


def cost_of(text: str, traits: BackendTraits) -> Cost:
    """Characters as the backend bills them, at its list price."""
    hanzi = round(syllable_weights(text).get("han", 0.0))
    characters = len(text) + hanzi * (traits.chars_per_hanzi - 1)
    return Cost(characters, round(characters * traits.usd_per_million_chars * NANO / 1_000_000))


class Budget:
    """Keeps everybody's and each key's monthly caps. Free voices are counted too and never refused."""

    def __init__(
        self, ledger: Ledger, monthly_usd: float | None, metrics: Metrics, now: Callable[[], datetime]
    ) -> None:
        """``now`` gives the time in UTC; ``monthly_usd`` caps what everybody spends together."""
        self._ledger = ledger
        self._monthly_usd = monthly_usd
        self._metrics = metrics
        self._now = now
        self._cancelling: set[asyncio.Task[None]] = set()

    @property
    def monthly_usd(self) -> float | None:
        """What everybody together may spend."""
        return self._monthly_usd

    @asynccontextmanager
    async def spend(self, cost: Cost, backend: str, principal: Principal, room: str | None) -> AsyncIterator[None]:
        """Enter what is about to be made; what fails in the block was not spent. Raises BudgetExhaustedError."""
        entry = Entry(f"{self._now():%Y-%m}", tuple(_subjects(backend, principal, room)), cost)
        entered = await self._enter(entry, self._caps(principal))
        try:
            yield
        except BaseException:
            if entered:
                self._cancel(entry)
            raise
        self._metrics.spent(backend=backend, characters=cost.characters, usd=cost.usd)

    async def report(self, month: str | None = None) -> dict[str, Total]:
        """Subject to what it has used up in a month, this one by default. Raises StoreAwayError."""
        return dict(await self._ledger.report(month or f"{self._now():%Y-%m}"))

    async def _enter(self, entry: Entry, caps: list[Cap]) -> bool:
        """Whether it is in the ledger. A ledger that is away stops no free voice, and a paid one only under a cap."""
        try:
            if await self._ledger.enter(entry, caps):
                return True
        except StoreAwayError as error:
            logger.error("the ledger is away", extra=describe_error(error))
            if not (caps and entry.cost.nano_usd):
                return False
        raise BudgetExhaustedError("This month's budget for paid voices is used up.", retry_after_s=self._left_s())

    def _caps(self, principal: Principal) -> list[Cap]:
        caps = []
        if self._monthly_usd is not None:
            caps.append(Cap("all", nano_usd=round(self._monthly_usd * NANO)))
        if principal.monthly_characters is not None or principal.monthly_usd is not None:
            usd = None if principal.monthly_usd is None else round(principal.monthly_usd * NANO)
            caps.append(Cap(f"key/{principal.key_id}", principal.monthly_characters, usd))
        return caps

    def _cancel(self, entry: Entry) -> None:
        task = asyncio.create_task(self._cancel_now(entry))
        self._cancelling.add(task)
        task.add_done_callback(self._cancelling.discard)

    async def _cancel_now(self, entry: Entry) -> None:
        try:
            await self._ledger.cancel(entry)
        except StoreAwayError as error:
            logger.error("an entry could not be taken back", extra=describe_error(error))

    def _left_s(self) -> float:
        """Seconds until the month is over."""
        now = self._now()
        first = datetime(now.year, now.month, 1, tzinfo=UTC)
        return (first + timedelta(days=monthrange(now.year, now.month)[1]) - now).total_seconds()


def _subjects(backend: str, principal: Principal, room: str | None) -> list[str]:
    subjects = ["all", f"backend/{backend}"]
    if principal.key_id:
        subjects.append(f"key/{principal.key_id}")
    if room:
        subjects.append(f"room/{room}")
    return subjects
