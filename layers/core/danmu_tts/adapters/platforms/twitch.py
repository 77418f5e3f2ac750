"""Twitch's EventSub: ``{metadata, payload: {subscription, event}}`` of its WebSocket, ``{subscription, event}`` of its
webhooks (https://dev.twitch.tv/docs/eventsub/eventsub-subscription-types/).

- Months of a subscription are ``info`` of the badge ``subscriber`` or ``founder``, and count as a medal's level. A
  tier of more than the first (version 2xxx or 3xxx of the badge) counts as a guard: 2 and 1, whose months are dear. So
  does ``vip``, as 3: the streamer chose them. Moderators and the streamer have a medal of 1 at least, and no more: many
  moderators are bots.
- What was paid for a subscription is not said; the list price in the United States stands for it, so that it ranks
  among other gifts. 1 bit is 0.01 USD.
- A subscription that was given away is told by the one ``channel.subscription.gift``, not once for each who got it.
- Cheers come twice, as ``channel.chat.message`` and as ``channel.cheer``: subscribe to one. Only the former has an id
  and can be taken back.
- A message has the same ``metadata.message_id`` when it is sent again, so that is the id of what has none of its own;
  webhooks have it in a header, out of reach here.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from danmu_tts.adapters.platforms.message_parts import MOST_NAME, MOST_TEXT, Part, picture_url, unix_seconds
from danmu_tts.domain.withdrawals import Withdrawal
from speech_contract.events import Event, EventKind

_EMOTE: Final = "https://static-cdn.jtvnw.net/emoticons/v2/{id}/default/dark/1.0"
_EMOTE_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,100}")
_MOST_EMOTES: Final = 20
_MOST_MONTHS: Final = 1000
_MOST_BITS: Final = 10_000_000
# Tier to its name, the guard that it counts as, and USD a month since 2024-07.
_TIERS: Final = {"1000": ("Tier 1", 3, 5.99), "2000": ("Tier 2", 2, 9.99), "3000": ("Tier 3", 1, 24.99)}


@dataclass(frozen=True, slots=True)
class _Notice:
    """A notification without its envelope."""

    event: Part
    id: str | None
    sent_at: float | None


def translate(message: Mapping[str, object]) -> Event | Withdrawal | None:
    """See ``platforms.translate``."""
    whole = Part(message)
    metadata = whole.part("metadata")
    if metadata.text("message_type") not in ("", "notification") or whole.has("challenge"):
        return None
    payload = whole.need("payload") if whole.has("payload") else whole
    read = _TYPES.get(payload.need("subscription").need_text("type"))
    if read is None:
        return None
    sent_at = unix_seconds(metadata.text("message_timestamp"))
    return read(_Notice(payload.need("event"), metadata.id("message_id"), sent_at))


def _chat_message(notice: _Notice) -> Event:
    event = notice.event
    message, bits = event.need("message"), event.part("cheer").integer("bits", _MOST_BITS)
    text = message.need_text("text")
    medal, guard = _badges(event)
    source = event.id("source_broadcaster_user_id")
    return Event(
        kind=EventKind.SUPERCHAT if bits else EventKind.DANMU,
        id=event.need_id("message_id"),
        viewer=event.need_id("chatter_user_id"),
        name=_name(event, "chatter_user"),
        text=_without_cheers(message) if bits else text,
        medal=medal,
        guard=guard,
        amount=bits / 100,
        currency="USD",
        emotes=_emotes(message, text),
        reply_to=event.part("reply").text("parent_user_name"),
        mirror=source is not None and source != event.id("broadcaster_user_id"),
        sent_at=notice.sent_at,
    )


def _without_cheers(message: Part) -> str:
    """The text without ``Cheer100`` and the like, which are how many bits were paid."""
    said = (each.text("text", MOST_TEXT) for each in message.parts("fragments") if each.text("type") != "cheermote")
    return " ".join("".join(said).split())[:MOST_TEXT] if message.has("fragments") else message.text("text", MOST_TEXT)


def _emotes(message: Part, text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for fragment in message.parts("fragments"):
        written = fragment.text("text", MOST_TEXT)
        if fragment.text("type") == "emote" and written in text:
            _add_emote(found, written, fragment.part("emote").text("id", MOST_TEXT))
    return found


def _add_emote(found: dict[str, str], written: str, identity: str) -> None:
    url = picture_url(_EMOTE.format(id=identity)) if _EMOTE_ID.fullmatch(identity) else None
    if url and 0 < len(written) <= MOST_NAME and len(found) < _MOST_EMOTES:
        found[written] = url


def _badges(event: Part) -> tuple[int, int]:
    """The medal and the guard that a chatter's badges come to."""
    medal, guards = 0, []
    for badge in event.parts("badges"):
        match badge.text("set_id"):
            case "subscriber" | "founder":
                medal = max(medal, _months(badge.text("info")))
                guards += _guards_of_version(badge.text("id"))
            case "vip":
                medal = max(medal, 1)
                guards.append(3)
            case "moderator" | "lead_moderator" | "broadcaster":
                medal = max(medal, 1)
    return medal, min(guards, default=0)


def _months(info: str) -> int:
    return max(min(int(info), _MOST_MONTHS), 1) if re.fullmatch(r"[0-9]{1,9}", info) else 1


def _guards_of_version(version: str) -> list[int]:
    """``3012`` is the badge of twelve months of the third tier; of the first, it is ``12``."""
    return [_TIERS[f"{version[0]}000"][1]] if re.fullmatch(r"[23][0-9]{3}", version) else []


def _cheer(notice: _Notice) -> Event:
    event = notice.event
    return Event(
        kind=EventKind.SUPERCHAT,
        id=notice.id,
        viewer=_unless_anonymous(event),
        name=_name(event, "user"),
        text=event.need_text("message"),
        amount=min(event.need_number("bits", _MOST_BITS) / 100, 1e9),
        currency="USD",
        sent_at=notice.sent_at,
    )


def _subscribed(notice: _Notice) -> Event | None:
    return None if notice.event.flag("is_gift") else _membership(notice, months=1)


def _subscribed_again(notice: _Notice) -> Event:
    event = notice.event
    message = event.need("message")
    text = message.text("text", MOST_TEXT)
    emotes: dict[str, str] = {}
    for emote in message.parts("emotes"):
        written = text[emote.integer("begin", MOST_TEXT) : emote.integer("end", MOST_TEXT) + 1]
        # The example of the documentation counts wrong; an emote stands alone between spaces.
        if written in text.split():
            _add_emote(emotes, written, emote.text("id", MOST_TEXT))
    months = max(event.integer("cumulative_months", _MOST_MONTHS, otherwise=1), 1)
    return _membership(notice, months, text, emotes)


def _membership(notice: _Notice, months: int, text: str = "", emotes: dict[str, str] | None = None) -> Event:
    event = notice.event
    name, guard, price = _tier(event)
    return Event(
        kind=EventKind.GUARD,
        id=notice.id,
        viewer=event.need_id("user_id"),
        name=_name(event, "user"),
        text=text,
        medal=months,
        guard=guard,
        amount=price,
        currency="USD",
        gift=name,
        count=months,
        emotes=emotes or {},
        sent_at=notice.sent_at,
    )


def _gave_subscriptions(notice: _Notice) -> Event:
    event = notice.event
    name, _, price = _tier(event)
    count = int(max(event.need_number("total", 10_000_000), 1))
    return Event(
        kind=EventKind.GIFT,
        id=notice.id,
        viewer=_unless_anonymous(event),
        name=_name(event, "user"),
        amount=round(price * count, 2),
        currency="USD",
        gift=name,
        count=count,
        sent_at=notice.sent_at,
    )


def _tier(event: Part) -> tuple[str, int, float]:
    found = _TIERS.get(event.need_text("tier", 10))
    if found is None:
        raise event.wrong("tier", f"one of {', '.join(_TIERS)}")
    return found


def _follow(notice: _Notice) -> Event:
    event = notice.event
    return Event(
        kind=EventKind.FOLLOW,
        id=notice.id,
        viewer=event.need_id("user_id"),
        name=_name(event, "user"),
        sent_at=unix_seconds(event.text("followed_at")) or notice.sent_at,
    )


def _message_deleted(notice: _Notice) -> Withdrawal:
    return Withdrawal(ids=(notice.event.need_id("message_id"),))


def _user_cleared(notice: _Notice) -> Withdrawal:
    return Withdrawal(viewer=notice.event.need_id("target_user_id"))


def _unless_anonymous(event: Part) -> str | None:
    return None if event.flag("is_anonymous") else event.need_id("user_id")


def _name(event: Part, who: str) -> str:
    return event.text(f"{who}_name") or event.text(f"{who}_login")


_TYPES: Final[Mapping[str, Callable[[_Notice], Event | Withdrawal | None]]] = {
    "channel.chat.message": _chat_message,
    "channel.chat.message_delete": _message_deleted,
    "channel.chat.clear_user_messages": _user_cleared,
    "channel.cheer": _cheer,
    "channel.subscribe": _subscribed,
    "channel.subscription.message": _subscribed_again,
    "channel.subscription.gift": _gave_subscriptions,
    "channel.follow": _follow,
}
