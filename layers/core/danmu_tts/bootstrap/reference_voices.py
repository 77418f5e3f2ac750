"""What reference voices are made of."""

import secrets
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING

from danmu_tts.ports.cache import ErasableCache
from danmu_tts.services.reference_voices import ReferenceOptions, ReferenceStores, ReferenceVoices
from danmu_tts.settings import Settings

if TYPE_CHECKING:
    from danmu_tts.adapters.redis.client import RedisClient

_UPLOAD_TTL_S = 600


def make_reference_voices(
    settings: Settings,
    redis: "RedisClient",
    cache: ErasableCache,
    clock: Callable[[], float] = time.time,
    new_id: Callable[[], str] = lambda: secrets.token_hex(16),
) -> ReferenceVoices:
    """Wire them; opens nothing.

    Args:
        cache: where what they speak is kept.
        clock: gives Unix seconds.
        new_id: gives 32 hexadecimal digits that nobody guesses.
    """
    from danmu_tts.adapters.audio.reference_audio import RecordingExaminer
    from danmu_tts.adapters.reference_voices.spoken_keys import RedisSpokenKeys

    absent = _absent(settings)
    longest_s = max(settings.s3.ttl_s, settings.cache.file_ttl_s, settings.cache.redis_ttl_s)
    return ReferenceVoices(
        None if absent else _stores(settings, clock),
        RecordingExaminer(),
        RedisSpokenKeys(redis, longest_s),
        cache,
        ReferenceOptions(settings.xtts.reference_max_bytes, settings.xtts.most_references),
        clock,
        new_id,
        absent=absent,
    )


def _absent(settings: Settings) -> str:
    """Why there are none; empty where there are."""
    if not settings.xtts.enabled:
        return "Voices of your own are spoken by XTTS, which is off here: DANMU_TTS_XTTS__ENABLED=true switches it on."
    if not (settings.xtts.bucket or settings.s3.bucket):
        return "Voices of your own need a bucket: name it in DANMU_TTS_XTTS__BUCKET or DANMU_TTS_S3__BUCKET."
    if find_spec("boto3") is None:
        return "Voices of your own lie in S3, which needs boto3: pip install 'danmu-tts[aws]'"
    return ""


def _stores(settings: Settings, clock: Callable[[], float]) -> ReferenceStores:
    from danmu_tts.adapters.aws.s3_objects import S3Objects
    from danmu_tts.adapters.reference_voices.recordings import RecordingObjects
    from danmu_tts.adapters.reference_voices.records import ReferenceObjects

    s3 = settings.s3
    objects = S3Objects(settings.xtts.bucket or s3.bucket or "", timeout_s=s3.timeout_ms / 1000, clock=clock)
    return ReferenceStores(ReferenceObjects(objects, s3.sse), RecordingObjects(objects, s3.sse, _UPLOAD_TTL_S, clock))
