"""What live rooms are made of."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from danmu_tts.bootstrap.data import packaged
from danmu_tts.bootstrap.stores import make_room_documents
from danmu_tts.ports import Metrics, Readers
from danmu_tts.services.backends import BackendManager
from danmu_tts.services.budget import Budget
from danmu_tts.services.delivery import Delivery
from danmu_tts.services.rooms.controls import Controls
from danmu_tts.services.rooms.fates import Fates
from danmu_tts.services.rooms.feed import Feed
from danmu_tts.services.rooms.making import Making
from danmu_tts.services.rooms.players import Players
from danmu_tts.services.rooms.telling import Telling
from danmu_tts.services.speak import SpeakService
from danmu_tts.settings import Settings
from danmu_tts.text.room_words import RoomWords

if TYPE_CHECKING:
    from danmu_tts.adapters.redis.client import RedisClient


@dataclass(frozen=True, slots=True)
class RoomServices:
    """What handlers may call of live rooms."""

    feed: Feed
    players: Players
    controls: Controls
    telling: Telling


def make_rooms(
    settings: Settings,
    redis: "RedisClient",
    *,
    readers: Readers,
    backends: BackendManager,
    speak: SpeakService,
    budget: Budget,
    delivery: Delivery,
    metrics: Metrics,
    clock: Callable[[], float],
    new_id: Callable[[], str],
) -> RoomServices:
    """Wire them."""
    from danmu_tts.adapters.platforms import translate
    from danmu_tts.adapters.rooms.redis import RedisRooms

    rooms = RedisRooms(redis, make_room_documents(settings))
    words = RoomWords(packaged("rooms/words.json"))
    telling = Telling(rooms, delivery, budget)
    fates = Fates(metrics, log_text=settings.logging.log_text)
    return RoomServices(
        Feed(rooms, readers, backends, words, telling, fates, translate, new_id),
        Players(rooms, Making(speak, words, clock), telling, fates, settings.server.public_url),
        Controls(rooms, telling, fates, new_id),
        telling,
    )
