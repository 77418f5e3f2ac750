"""The gateway's ``@connections`` in memory. It passes the contract suite of the real one."""

import asyncio
from collections import defaultdict

from danmu_tts.domain.connections import Connection, ListenerBusyError, ListenerGoneError, MessageTooLargeError
from speech_contract.frames import AnyServerFrame, server_frames


class FakePusher:
    """What each connection was sent, and who is gone, busy, or holds every message back."""

    def __init__(self) -> None:
        self.sent: dict[str, list[AnyServerFrame]] = defaultdict(list)
        self.gone: set[str] = set()
        self.busy: dict[str, int] = {}
        self.holds: dict[str, asyncio.Event] = {}
        self.hung_up: list[str] = []
        self._news = asyncio.Event()

    async def prepare(self) -> None:
        pass

    async def push(self, to: Connection, message: bytes) -> None:
        if hold := self.holds.get(to.id):
            await hold.wait()
        if to.id in self.gone:
            raise ListenerGoneError(to.id)
        if self.busy.get(to.id, 0) > 0:
            self.busy[to.id] -= 1
            raise ListenerBusyError("busy")
        if len(message) > 128 * 1024:
            raise MessageTooLargeError("API Gateway takes 128 KB")
        self.sent[to.id].append(server_frames().validate_json(message))
        self._news.set()

    async def hang_up(self, on: Connection) -> None:
        self.hung_up.append(on.id)
        self.gone.add(on.id)

    async def close(self) -> None:
        pass

    async def until_sent(self, connection_id: str, count: int) -> list[AnyServerFrame]:
        """Wait until a connection was sent so many frames."""
        async with asyncio.timeout(30):
            while len(self.sent[connection_id]) < count:
                self._news.clear()
                await self._news.wait()
        return self.sent[connection_id]
