"""Twitch's EventSub messages, in the shape of its documentation."""

from typing import Any

STREAMER = {
    "broadcaster_user_id": "1971641",
    "broadcaster_user_login": "streamer",
    "broadcaster_user_name": "Streamer",
}
CHATTER = {"chatter_user_id": "4145994", "chatter_user_login": "viewer32", "chatter_user_name": "Viewer32"}
USER = {"user_id": "4145994", "user_login": "viewer32", "user_name": "Viewer32"}
MESSAGE_ID = "cc106a89-1814-919d-454c-f4f2f970aae7"
NOTICE_ID = "befa7b53-d79d-478f-86b9-120f112b044e"
SENT_AT = 1793534412.5


def webhook(kind: str, event: dict[str, Any]) -> dict[str, object]:
    subscription = {"id": "0b7f3361", "type": kind, "version": "1", "status": "enabled", "cost": 0, "condition": {}}
    return {"subscription": {**subscription, "transport": {"method": "webhook"}}, "event": event}


def socket(kind: str, event: dict[str, Any]) -> dict[str, object]:
    metadata = {
        "message_id": NOTICE_ID,
        "message_type": "notification",
        "message_timestamp": "2026-11-01T12:00:12.500000000Z",
        "subscription_type": kind,
        "subscription_version": "1",
    }
    return {"metadata": metadata, "payload": webhook(kind, event)}


def fragment(kind: str, text: str, **given: Any) -> dict[str, Any]:
    return {"type": kind, "text": text, "cheermote": None, "emote": None, "mention": None, **given}


def emote(text: str, identity: object) -> dict[str, Any]:
    given = {"id": identity, "emote_set_id": "0", "owner_id": "0", "format": ["static"]}
    return fragment("emote", text, emote=given)


def badge(name: str, version: str = "1", info: str = "") -> dict[str, str]:
    return {"set_id": name, "id": version, "info": info}


def written(*fragments: dict[str, Any]) -> dict[str, Any]:
    return {"text": "".join(each["text"] for each in fragments), "fragments": list(fragments)}


def chat(*fragments: dict[str, Any], **given: Any) -> dict[str, object]:
    event: dict[str, Any] = {
        **STREAMER,
        **CHATTER,
        "message_id": MESSAGE_ID,
        "message": written(*(fragments or [fragment("text", "Hi chat")])),
        "color": "#00FF7F",
        "badges": [],
        "message_type": "text",
        "cheer": None,
        "reply": None,
        "channel_points_custom_reward_id": None,
        "source_broadcaster_user_id": None,
        "source_broadcaster_user_login": None,
        "source_broadcaster_user_name": None,
        "source_message_id": None,
        "source_badges": None,
        "is_source_only": None,
    }
    return socket("channel.chat.message", {**event, **given})


def resub(**given: Any) -> dict[str, object]:
    event = {
        **USER,
        **STREAMER,
        "tier": "1000",
        "message": {"text": "Love the stream! FevziGG", "emotes": [{"begin": 17, "end": 23, "id": "302976485"}]},
        "cumulative_months": 15,
        "streak_months": None,
        "duration_months": 6,
    }
    return socket("channel.subscription.message", {**event, **given})


def given_away(**given: Any) -> dict[str, object]:
    event = {**USER, **STREAMER, "total": 5, "tier": "1000", "cumulative_total": 284, "is_anonymous": False}
    return socket("channel.subscription.gift", {**event, **given})


def cheer(**given: Any) -> dict[str, object]:
    event = {**USER, **STREAMER, "is_anonymous": False, "message": "pogchamp", "bits": 1000}
    return socket("channel.cheer", {**event, **given})


def subscribe(**given: Any) -> dict[str, object]:
    return socket("channel.subscribe", {**USER, **STREAMER, "tier": "1000", "is_gift": False, **given})


def follow(**given: Any) -> dict[str, object]:
    event = {**USER, **STREAMER, "followed_at": "2026-11-01T12:00:10.17106713Z"}
    return socket("channel.follow", {**event, **given})


def target(**given: Any) -> dict[str, Any]:
    user = {"target_user_id": "4145994", "target_user_login": "viewer32", "target_user_name": "Viewer32"}
    return {**STREAMER, **user, **given}
