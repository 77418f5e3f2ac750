"""The access service over a store and a clock of the test's."""

import hmac
from dataclasses import dataclass
from itertools import count

from danmu_tts.domain.access import Keyless, KeyRecord, Principal
from danmu_tts.domain.errors import UnauthorizedError
from danmu_tts.services.access import Access
from tests.builders.access import NOW_S
from tests.builders.clock import FakeClock
from tests.builders.key_store import FakeKeyStore


@dataclass
class AccessBench:
    """Access over fakes. ``compared`` has the lengths of the digests of every comparison."""

    access: Access
    store: FakeKeyStore
    clock: FakeClock
    compared: list[tuple[int, int]]

    async def who(self, credential: str | None, *, local: bool = False) -> Principal:
        return await self.access.identify(credential, local=local)

    async def is_refused(self, credential: str | None, *, local: bool = False) -> bool:
        try:
            await self.who(credential, local=local)
        except UnauthorizedError:
            return True
        return False


def access_bench(*records: KeyRecord, keyless: Keyless = Keyless.LOCAL) -> AccessBench:
    store, clock, numbers = FakeKeyStore(*records), FakeClock(NOW_S), count(1)
    compared: list[tuple[int, int]] = []

    def equal(kept: bytes, shown: bytes) -> bool:
        compared.append((len(kept), len(shown)))
        return hmac.compare_digest(kept, shown)

    access = Access(store, keyless, clock, lambda size: next(numbers).to_bytes(size), equal)
    return AccessBench(access, store, clock, compared)
