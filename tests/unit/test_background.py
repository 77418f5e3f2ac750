import asyncio
import gc

import pytest

from danmu_tts.background import Background


async def test_what_nobody_holds_is_finished_all_the_same() -> None:
    background, heard = Background(), []

    async def work() -> None:
        await asyncio.sleep(0)
        heard.append("done")

    background.start(work())
    gc.collect()
    await background.finish()
    assert heard == ["done"]


async def test_finishing_takes_no_longer_than_it_may_and_raises_nothing() -> None:
    background = Background()

    async def breaks() -> None:
        raise ValueError("its own business")

    failed = background.start(breaks())
    endless = background.start(asyncio.Event().wait())
    await background.finish(0.01)
    assert not endless.done()
    with pytest.raises(ValueError, match="its own"):
        failed.result()
    endless.cancel()
    await background.finish()
    assert endless.cancelled()
