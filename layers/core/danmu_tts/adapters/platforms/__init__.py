"""What platforms say of a stream's chat, as our events: pure functions of one message, which is hostile until read."""

from collections.abc import Callable, Mapping
from typing import Final

from danmu_tts.adapters.platforms import bilibili, twitch
from danmu_tts.domain.errors import InvalidRequestError
from danmu_tts.domain.withdrawals import Withdrawal
from speech_contract.events import Event

Translation = Event | Withdrawal | None

_PLATFORMS: Final[Mapping[str, Callable[[Mapping[str, object]], Translation]]] = {
    "bilibili": bilibili.translate,
    "twitch": twitch.translate,
}


def translate(platform: str, message: Mapping[str, object]) -> Translation:
    """One message of a platform, as it came as JSON.

    Names and texts that are longer than an event's are cut. An id that is no ``EVENT_ID`` becomes one by a hash,
    alike in an event and in what takes it back.

    Args:
        platform: ``bilibili`` (the open live platform) or ``twitch`` (EventSub).
        message: the whole of it, with its envelope.

    Returns:
        An event, what is taken back, or None where it is about something else, such as a like.

    Raises:
        InvalidRequestError: the platform is unknown, or a field that is needed is missing or of a wrong type;
            ``param`` is its path.
    """
    read = _PLATFORMS.get(platform)
    if read is None:
        known = ", ".join(_PLATFORMS)
        raise InvalidRequestError(f"The platform must be one of {known}.", param="platform")
    return read(message)
