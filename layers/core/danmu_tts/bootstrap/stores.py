"""Where things are kept, by the settings: audio, spending, API keys, rooms' settings."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from danmu_tts.plugins import Additions, CacheContext, Kind
from danmu_tts.ports import AudioLinks, KeyStore, Ledger, RoomDocuments, SpeechCache
from danmu_tts.settings import Settings

if TYPE_CHECKING:
    from danmu_tts.adapters.cache.signed_files import SignedFiles
    from danmu_tts.adapters.cache.tiered import TieredCache
    from danmu_tts.adapters.redis.client import RedisClient

CACHES = {"s3": "danmu_tts.adapters.cache.s3:create_tier"}


@dataclass(frozen=True, slots=True)
class Cache:
    """The tiers, and who hands out links to what is in them."""

    tiered: "TieredCache"
    links: AudioLinks
    signed_files: "SignedFiles"


def make_cache(settings: Settings, additions: Additions, redis: "RedisClient") -> Cache:
    """The tiers that can be had, as one cache, and who hands out links: S3 where it is one of them, else the files."""
    from danmu_tts.adapters.cache.files import FileCache
    from danmu_tts.adapters.cache.memory import MemoryCache
    from danmu_tts.adapters.cache.redis import RedisCache
    from danmu_tts.adapters.cache.signed_files import SignedFiles
    from danmu_tts.adapters.cache.tiered import TieredCache

    ours = settings.cache
    files = FileCache(ours.directory, ours.file_max_bytes, ours.file_ttl_s)
    memory = MemoryCache(ours.memory_max_bytes, ours.memory_ttl_s, refusal_ttl_s=ours.refusal_ttl_s)
    shared = RedisCache(redis, ours.redis_ttl_s, ours.redis_max_entry_bytes, ours.refusal_ttl_s)
    own: dict[str, SpeechCache] = {"memory": memory, "redis": shared, "file": files}
    context = CacheContext(settings)
    found = [own.get(name) or additions.make(Kind.CACHE, name, CACHES, context) for name in _tiers(settings)]
    tiers = [tier for tier in found if tier is not None]
    key = settings.security.url_signing_key
    signed_files = SignedFiles(
        files, ours.directory / "url-signing-key", settings.audio.url_ttl_s, key.get_secret_value() if key else None
    )
    links = next((tier for tier in tiers if isinstance(tier, AudioLinks)), signed_files)
    return Cache(TieredCache(tiers, trusted=(*own, *CACHES)), links, signed_files)


def _tiers(settings: Settings) -> tuple[str, ...]:
    """Those of the settings, or what there is for it: fastest first."""
    if settings.cache.tiers:
        return settings.cache.tiers
    return ("memory", *(["redis"] if settings.redis.url else []), "s3" if settings.s3.bucket else "file")


def make_ledger(settings: Settings, redis: "RedisClient") -> Ledger:
    """Where all processes look, or else a file: it must outlive this process."""
    from danmu_tts.adapters.ledger.redis import RedisLedger
    from danmu_tts.adapters.ledger.sqlite import SqliteLedger

    return RedisLedger(redis) if settings.redis.url else SqliteLedger(settings.budget.file)


def make_keys(settings: Settings) -> KeyStore:
    """Where API keys are kept: a bucket where one is named, else a folder."""
    from danmu_tts.adapters.aws.s3_objects import S3Objects
    from danmu_tts.adapters.keys.cached import CachedKeys
    from danmu_tts.adapters.keys.files import KeyFiles
    from danmu_tts.adapters.keys.s3 import KeyObjects

    s3 = settings.s3
    if s3.bucket:
        objects = S3Objects(s3.bucket, timeout_s=s3.timeout_ms / 1000)
        return CachedKeys(KeyObjects(objects, s3.prefix, s3.sse))
    return CachedKeys(KeyFiles(settings.security.keys_directory))


def make_room_documents(settings: Settings) -> RoomDocuments:
    """Where rooms' settings outlive every restart: a bucket where one is named, else a folder."""
    from danmu_tts.adapters.aws.s3_objects import S3Objects
    from danmu_tts.adapters.rooms.documents import RoomFiles, RoomObjects

    s3 = settings.s3
    if s3.bucket:
        return RoomObjects(S3Objects(s3.bucket, timeout_s=s3.timeout_ms / 1000), s3.prefix, s3.sse)
    return RoomFiles(settings.rooms.directory)
