import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from danmu_tts.adapters.keys.files import KeyFiles
from danmu_tts.domain.errors import StoreAwayError
from tests.builders.access import a_record

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")


@pytest.fixture
def careless_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def contents(directory: Path) -> list[bytes]:
    return [path.read_bytes() for path in directory.iterdir()]


@pytest.mark.usefixtures("careless_umask")
async def test_nobody_but_the_owner_may_look(tmp_path: Path) -> None:
    directory = tmp_path / "new" / "keys"
    for _ in range(2):
        await KeyFiles(directory).put(a_record())
    (path,) = directory.iterdir()
    assert (mode_of(directory), mode_of(path)) == (0o700, 0o600)


async def test_nothing_is_touched_before_the_first_key(tmp_path: Path) -> None:
    store = KeyFiles(tmp_path / "keys")
    await store.get(a_record().id)
    await store.list()
    assert contents(tmp_path) == []


async def test_a_key_stays_whole_where_the_next_one_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = KeyFiles(tmp_path)
    await store.put(a_record())
    before = contents(tmp_path)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreAwayError, match="cannot be written now: No space left on device"):
        await store.put(a_record())
    assert contents(tmp_path) == before
