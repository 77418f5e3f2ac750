"""What is deleted from the S3 tier is in the bucket no longer."""

from tests.builders.clock import FakeClock
from tests.builders.s3 import an_s3_cache, the_bucket
from tests.builders.speech import KEY, a_key, a_speech
from tests.servers.s3_server import S3Server


async def test_all_that_was_written_under_a_key_goes(s3: S3Server) -> None:
    clock = FakeClock()
    async with an_s3_cache(s3, clock) as cache, an_s3_cache(s3, clock) as other:
        await cache.set(KEY, a_speech(b"one process's"))
        await other.set(KEY, a_speech(b"another's"))
        await cache.set(a_key(1), a_speech())
        with the_bucket(s3) as bucket:
            assert len([name for name in bucket.names() if KEY in name]) == 3
            await cache.delete(KEY)
            assert [name for name in bucket.names() if KEY in name] == []
            assert len(bucket.names()) == 2
