"""What may be spent: every call of a paid voice is entered in the ledger first, and taken back if nobody bills it."""

import asyncio
from calendar import monthrange
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from danmu_tts.background import Background
from danmu_tts.domain.access import Principal
from danmu_tts.domain.errors import (
    BackendUnavailableError,
    BudgetExhaustedError,
    BudgetUnknownError,
    DanmuTTSError,
    StoreAwayError,
)
from danmu_tts.domain.spend import NANO, Cap, Cost, Entry, Spending, Total
from danmu_tts.observability import describe_error, get_logger
from danmu_tts.ports import BackendTraits, Ledger, Metrics
from danmu_tts.text.scripts import syllable_weights

logger = get_logger("budget")

_EVERYBODY = "all"


def cost_of(text: str, traits: BackendTraits) -> Cost:
    """Characters as the backend bills them, at its list price."""
    hanzi = round(syllable_weights(text).get("han", 0.0))
    characters = len(text) + hanzi * (traits.chars_per_hanzi - 1)
    return Cost(characters, round(characters * traits.usd_per_million_chars * NANO / 1_000_000))


class Budget:
    """Keeps everybody's and each key's monthly caps. Free voices are counted too and never refused."""

    def __init__(
        self,
        ledger: Ledger,
        monthly_usd: float | None,
        metrics: Metrics,
        now: Callable[[], datetime],
        new_id: Callable[[], str],
    ) -> None:
        """``now`` gives the time in UTC; ``monthly_usd`` caps what everybody spends together."""
        self._ledger = ledger
        self._monthly_usd = monthly_usd
        self._metrics = metrics
        self._now = now
        self._new_id = new_id
        self._behind = Background()

    @property
    def monthly_usd(self) -> float | None:
        """What everybody together may spend."""
        return self._monthly_usd

    @asynccontextmanager
    async def spend(
        self,
        cost: Cost,
        backend: str,
        principal: Principal,
        room: str | None,
        room_monthly_usd: float | None = None,
    ) -> AsyncIterator[Spending]:
        """Enter a call of a backend before it is made. One that will not be billed is taken back.

        Args:
            room_monthly_usd: what the room may spend in a month; None for as much as its key may.

        Raises:
            BudgetExhaustedError: it would pass a cap.
            BudgetUnknownError: there is a cap, and the ledger is away.
        """
        entry = Entry(self._new_id(), f"{self._now():%Y-%m}", tuple(_subjects(backend, principal, room)), cost)
        caps = self._caps(principal)
        if room and room_monthly_usd is not None:
            caps.append(Cap(f"room/{room}", nano_usd=round(room_monthly_usd * NANO)))
        entered = cost.nano_usd > 0 and await self._enter(entry, caps)
        spending = Spending()
        is_billed = True  # also where the asker leaves: the vendor has the text
        try:
            yield spending
        except DanmuTTSError as error:
            is_billed = spending.heard or (isinstance(error, BackendUnavailableError) and error.may_be_billed)
            raise
        finally:
            if is_billed:
                self._metrics.spent(backend=backend, characters=cost.characters, usd=cost.usd)
            if is_billed and not entered:  # nobody waits for a free one to be written down
                self._behind.start(self._note(entry))
            elif entered and not is_billed:
                self._behind.start(self._take_back(entry))

    async def total(self) -> Total:
        """What this month has come to. Raises StoreAwayError."""
        return await self._ledger.total(f"{self._now():%Y-%m}", _EVERYBODY)

    async def spent_by_room(self, room: str) -> float | None:
        """US dollars of paid voices this month; None while that cannot be known."""
        try:
            return (await self._ledger.total(f"{self._now():%Y-%m}", f"room/{room}")).usd
        except StoreAwayError:
            return None

    async def report(self, month: str | None = None) -> dict[str, Total]:
        """Subject to what it has used up in a month, this one by default. Raises StoreAwayError."""
        await self._behind.finish()
        return dict(await self._ledger.report(month or f"{self._now():%Y-%m}"))

    async def close(self) -> None:
        """Finish what is being entered."""
        await self._behind.finish()
        await self._ledger.close()

    async def _enter(self, entry: Entry, caps: list[Cap]) -> bool:
        """Whether it is in the ledger. One that is away stops a paid voice only under a cap."""
        entering = asyncio.ensure_future(self._ledger.enter(entry, caps))
        try:
            is_in = await asyncio.shield(entering)
        except asyncio.CancelledError:
            self._behind.start(self._take_back(entry, entering))
            raise
        except StoreAwayError as error:
            logger.error("the ledger is away: %s", error.message, extra=describe_error(error))
            if caps:
                raise BudgetUnknownError("What paid voices have cost this month cannot be known now.") from error
            return False
        if not is_in:
            raise BudgetExhaustedError("This month's budget for paid voices is used up.", retry_after_s=self._left_s())
        return True

    async def _note(self, entry: Entry) -> None:
        try:
            await self._ledger.enter(entry, ())
        except StoreAwayError as error:
            logger.warning("an entry could not be written: %s", error.message, extra=describe_error(error))

    async def _take_back(self, entry: Entry, entering: Awaitable[bool] | None = None) -> None:
        try:
            if entering is None or await entering:
                await self._ledger.cancel(entry)
        except StoreAwayError as error:
            logger.error("an entry could not be taken back: %s", error.message, extra=describe_error(error))

    def _caps(self, principal: Principal) -> list[Cap]:
        caps = []
        if self._monthly_usd is not None:
            caps.append(Cap(_EVERYBODY, nano_usd=round(self._monthly_usd * NANO)))
        if principal.monthly_characters is not None or principal.monthly_usd is not None:
            usd = None if principal.monthly_usd is None else round(principal.monthly_usd * NANO)
            caps.append(Cap(f"key/{principal.key_id}", principal.monthly_characters, usd))
        return caps

    def _left_s(self) -> float:
        """Seconds until the month is over."""
        now = self._now()
        first = datetime(now.year, now.month, 1, tzinfo=UTC)
        return (first + timedelta(days=monthrange(now.year, now.month)[1]) - now).total_seconds()


def _subjects(backend: str, principal: Principal, room: str | None) -> list[str]:
    subjects = [_EVERYBODY, f"backend/{backend}"]
    if principal.key_id:
        subjects.append(f"key/{principal.key_id}")
    if room:
        subjects.append(f"room/{room}")
    return subjects
