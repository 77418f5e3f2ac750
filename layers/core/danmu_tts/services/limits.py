"""Who may ask how much: the limits that a request has to pass, in all processes together."""

import asyncio
import hashlib
from collections.abc import Iterator, Sequence

from danmu_tts.domain.access import Principal
from danmu_tts.domain.errors import RateLimitedError, StoreAwayError, TextTooLongError
from danmu_tts.domain.limits import Allowance, Limit, Unit, allowances
from danmu_tts.ports import Metrics, RateLimiter
from danmu_tts.settings import LimitSettings

_TOO_MUCH = {
    "key": "This API key has had its share for now.",
    "viewer": "This viewer has said enough for now.",
    "room": "This room has had its share for now.",
    "all": "Everybody together asks for more than this service may do.",
}
_TOO_LONG = "The text is longer than the {} characters that a minute may bring here."


class Limits:
    """Counts every request and its characters."""

    def __init__(self, shared: RateLimiter, alone: RateLimiter, settings: LimitSettings, metrics: Metrics) -> None:
        """``alone`` counts while ``shared`` is away."""
        self._shared = shared
        self._alone = alone
        self._settings = settings
        self._metrics = metrics

    def take(
        self, principal: Principal, room: str | None, viewer: str | None, characters: int
    ) -> asyncio.Future[tuple[Allowance, ...]]:
        """Begin to count a request, so that something else may be done meanwhile.

        Awaiting it tells what is left, or raises RateLimitedError, and then nothing was taken.

        Raises TextTooLongError for what no minute brings.
        """
        limits = list(self._limits(principal, room, viewer, characters))
        if not limits:
            nothing = asyncio.get_running_loop().create_future()
            nothing.set_result(())
            return nothing
        counting = asyncio.create_task(self._take(limits))
        counting.add_done_callback(lambda task: task.cancelled() or task.exception())  # heard, if by nobody else
        return counting

    async def _take(self, limits: Sequence[Limit]) -> tuple[Allowance, ...]:
        try:
            standings = await self._shared.take(limits)
        except StoreAwayError:
            standings = await self._alone.take(limits)
        left = allowances(standings)
        for each in standings:
            if not each.passed:
                self._metrics.limited(of=each.limit.of)
                error = RateLimitedError(_TOO_MUCH[each.limit.of], retry_after_s=each.retry_after_s)
                error.allowances = left
                raise error
        return left

    def _limits(self, principal: Principal, room: str | None, viewer: str | None, characters: int) -> Iterator[Limit]:
        """Those that apply and are not 0. A viewer and a room are counted for each key: keys do not share names."""
        ours = self._settings
        key = principal.key_id or ""
        key_requests, key_characters = principal.requests_per_minute, principal.characters_per_minute
        table = (
            ("key", key, key_requests or ours.key_requests, key_characters or ours.key_characters),
            ("viewer", viewer and f"{key}/{_pseudonym(viewer)}", ours.viewer_requests, ours.viewer_characters),
            ("room", room and f"{key}/{room}", ours.room_requests, ours.room_characters),
            ("all", "all", ours.all_requests, ours.all_characters),
        )
        for of, who, requests, most_characters in table:
            for unit, per_minute, cost in (
                (Unit.REQUESTS, requests, 1),
                (Unit.CHARACTERS, most_characters, characters),
            ):
                if not (who and per_minute and cost):
                    continue
                if cost > per_minute:
                    raise TextTooLongError(_TOO_LONG.format(per_minute), param="text")
                yield Limit(of, who, unit, per_minute, cost)


def _pseudonym(viewer: str) -> str:
    """A viewer's name is nobody's business who looks into the store."""
    return hashlib.sha256(viewer.encode("utf-8", "surrogatepass")).hexdigest()[:16]
