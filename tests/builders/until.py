"""Wait for what others do."""

import asyncio
from collections.abc import Callable

_LIMIT_S = 30
_LOOK_EVERY_S = 0.01


async def until(condition: Callable[[], object], limit_s: float = _LIMIT_S) -> None:
    """Return as soon as it is true."""
    async with asyncio.timeout(limit_s):
        while not condition():  # noqa: ASYNC110 - what is waited for happens outside this loop, e.g. in a server
            await asyncio.sleep(_LOOK_EVERY_S)
