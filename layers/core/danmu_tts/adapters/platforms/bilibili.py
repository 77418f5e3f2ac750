"""Bilibili's open live platform: ``{"cmd": "LIVE_OPEN_PLATFORM_…", "data": {…}}`` of its WebSocket.

Its documentation (https://open-live.bilibili.com/document, "长连CMD说明") and what bots learnt in use:

- ``open_id`` is who it was; ``uid`` is 0 since 2024.
- The level of a medal counts only while it is worn: otherwise it is of this room, but not shown.
- 1000 is one yuan. ``price`` is the list price of one gift; ``r_price`` is what was paid for it, less where it was
  discounted. Both may be more than 0 for a free gift, in another coin: ``paid`` says.
- Every step of a combo is a message of its own, with the gifts of this step as ``gift_num``.
- A superchat is taken back by ``message_id``, a number, not by ``msg_id``.
- ``guard_num`` are months unless ``guard_unit`` is something else than 月, such as ``*3天`` of a trial.
- Danmu of a room that is connected with this one come as ``…_DM_MIRROR``, without who sent them.
"""

from collections.abc import Callable, Mapping
from typing import Final

from danmu_tts.adapters.platforms.message_parts import LAST_SECOND, MOST_NAME, Part
from danmu_tts.domain.withdrawals import Withdrawal
from speech_contract.events import Combo, Event, EventKind

_GUARDS: Final = {1: "总督", 2: "提督", 3: "舰长"}
_STICKER: Final = 1
_MOST_AMOUNT: Final = 1_000_000_000
_MOST_COUNT: Final = 10_000_000


def translate(message: Mapping[str, object]) -> Event | Withdrawal | None:
    """See ``platforms.translate``."""
    whole = Part(message)
    read = _COMMANDS.get(whole.need_text("cmd"))
    return None if read is None else read(whole.need("data"))


def _danmu(data: Part) -> Event:
    sticker = data.integer("dm_type", _STICKER) == _STICKER
    return Event(
        id=data.need_id("msg_id"),
        viewer=_viewer(data),
        name=data.text("uname"),
        text=data.need_text("msg"),
        medal=_medal(data),
        guard=_guard_level(data),
        picture=data.picture("emoji_img_url") if sticker else None,
        reply_to=data.text("reply_uname"),
        mirror=data.flag("is_mirror"),
        sent_at=data.number("timestamp", LAST_SECOND),
    )


def _mirrored(data: Part) -> Event:
    sticker = data.integer("dm_type", _STICKER) == _STICKER
    return Event(
        id=data.need_id("msg_id"),
        text=data.need_text("msg"),
        picture=data.picture("emoji_img_url") if sticker else None,
        mirror=True,
        sent_at=data.number("timestamp", LAST_SECOND),
    )


def _gift(data: Part) -> Event:
    count = max(data.integer("gift_num", _MOST_COUNT, otherwise=1), 1)
    return Event(
        kind=EventKind.GIFT,
        id=data.need_id("msg_id"),
        viewer=_viewer(data),
        name=data.text("uname"),
        medal=_medal(data),
        guard=_guard_level(data),
        amount=_yuan(_paid_for_one(data) * count) if data.flag("paid") else 0.0,
        gift=data.need_text("gift_name", MOST_NAME),
        count=count,
        combo=_combo(data),
        sent_at=data.number("timestamp", LAST_SECOND),
    )


def _paid_for_one(gift: Part) -> float:
    return gift.number("r_price", _MOST_AMOUNT) or gift.need_number("price", _MOST_AMOUNT)


def _combo(data: Part) -> Combo | None:
    info = data.part("combo_info")
    identity, timeout_s = info.id("combo_id"), info.number("combo_timeout", 60)
    if not data.flag("combo_gift") or identity is None or timeout_s is None:
        return None
    return Combo(id=identity, timeout_ms=int(timeout_s * 1000))


def _superchat(data: Part) -> Event:
    return Event(
        kind=EventKind.SUPERCHAT,
        id=data.need_id("message_id"),
        viewer=_viewer(data),
        name=data.text("uname"),
        text=data.need_text("message"),
        medal=_medal(data),
        guard=_guard_level(data),
        amount=data.need_number("rmb", _MOST_AMOUNT),
        sent_at=data.number("timestamp", LAST_SECOND) or data.number("start_time", LAST_SECOND),
    )


def _superchats_taken_back(data: Part) -> Withdrawal:
    return Withdrawal(ids=data.need_ids("message_ids"))


def _guard(data: Part) -> Event:
    who, level = data.need("user_info"), _guard_level(data)
    if not level:
        raise data.wrong("guard_level", "1, 2 or 3")
    months = max(data.integer("guard_num", _MOST_COUNT, otherwise=1), 1)
    return Event(
        kind=EventKind.GUARD,
        id=data.need_id("msg_id"),
        viewer=_viewer(who),
        name=who.text("uname"),
        medal=_medal(data),
        guard=level,
        amount=_yuan(data.integer("price", _MOST_AMOUNT)),
        gift=_GUARDS[level],
        count=months if data.text("guard_unit") in ("月", "") else 1,
        sent_at=data.number("timestamp", LAST_SECOND),
    )


def _viewer(who: Part) -> str:
    """By ``open_id``; by ``uid`` from before there was one."""
    old = who.id("uid")
    return who.id("open_id") or (old if old not in (None, "0") else None) or who.need_id("open_id")


def _medal(data: Part) -> int:
    return data.integer("fans_medal_level", 1000) if data.flag("fans_medal_wearing_status") else 0


def _guard_level(data: Part) -> int:
    level = data.integer("guard_level", _MOST_COUNT)
    return level if level in _GUARDS else 0


def _yuan(thousandths: float) -> float:
    return min(round(thousandths / 1000, 3), float(_MOST_AMOUNT))


_COMMANDS: Final[Mapping[str, Callable[[Part], Event | Withdrawal]]] = {
    "LIVE_OPEN_PLATFORM_DM": _danmu,
    "LIVE_OPEN_PLATFORM_DM_MIRROR": _mirrored,
    "LIVE_OPEN_PLATFORM_SEND_GIFT": _gift,
    "LIVE_OPEN_PLATFORM_SUPER_CHAT": _superchat,
    "LIVE_OPEN_PLATFORM_SUPER_CHAT_DEL": _superchats_taken_back,
    "LIVE_OPEN_PLATFORM_GUARD": _guard,
}
