from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from danmu_tts.adapters.platforms import translate
from danmu_tts.domain.errors import InvalidRequestError
from danmu_tts.domain.withdrawals import Withdrawal
from speech_contract.events import Event, EventKind
from tests.builders.platform_messages import broken, json_values
from tests.builders.twitch_messages import (
    MESSAGE_ID,
    NOTICE_ID,
    SENT_AT,
    STREAMER,
    badge,
    chat,
    cheer,
    emote,
    follow,
    fragment,
    given_away,
    resub,
    socket,
    subscribe,
    target,
    webhook,
)

HEART = "https://static-cdn.jtvnw.net/emoticons/v2/555555584/default/dark/1.0"


def event_of(said: dict[str, object]) -> Event:
    event = translate("twitch", said)
    assert isinstance(event, Event)
    return event


def test_a_chat_message() -> None:
    assert event_of(chat()) == Event(
        id=MESSAGE_ID, viewer="4145994", name="Viewer32", text="Hi chat", currency="USD", sent_at=SENT_AT
    )


def test_a_webhook_says_the_same_but_for_when() -> None:
    by_socket = chat()
    payload = by_socket["payload"]
    assert isinstance(payload, dict)
    assert event_of(payload) == event_of(by_socket).model_copy(update={"sent_at": None})


def test_emotes_are_pictures_of_parts_of_the_text() -> None:
    event = event_of(chat(fragment("text", "hi "), emote("bleedPurple", "555555584"), fragment("text", " !")))
    assert (event.text, event.emotes) == ("hi bleedPurple !", {"bleedPurple": HEART})


@pytest.mark.parametrize("identity", ["", "../../x", "a b", 25, None, "x" * 101])
def test_an_emote_with_an_odd_id_is_text(identity: object) -> None:
    assert event_of(chat(emote("Kappa", identity))).emotes == {}


def test_only_so_many_emotes_fit() -> None:
    event = event_of(chat(*(emote(f"e{each} ", str(each)) for each in range(30))))
    assert len(event.emotes) == 20


@pytest.mark.parametrize(
    ("badges", "medal", "guard"),
    [
        ([], 0, 0),
        ([badge("subscriber", "12", "16")], 16, 0),
        ([badge("subscriber", "0", "")], 1, 0),
        ([badge("subscriber", "2012", "14")], 14, 2),
        ([badge("subscriber", "3006", "7")], 7, 1),
        ([badge("founder", "0", "58")], 58, 0),
        ([badge("moderator"), badge("subscriber", "12", "16")], 16, 0),
        ([badge("moderator")], 1, 0),
        ([badge("lead_moderator")], 1, 0),
        ([badge("broadcaster")], 1, 0),
        ([badge("vip"), badge("subscriber", "3000", "1")], 1, 1),
        ([badge("vip")], 1, 3),
        ([badge("bits", "5000"), badge("premium")], 0, 0),
        ([badge("subscriber", "x", "9" * 50), None, 5], 1, 0),
        ([badge("subscriber", "1", "999999")], 1000, 0),
        (None, 0, 0),
    ],
)
def test_badges_come_to_a_medal_and_a_guard(badges: object, medal: int, guard: int) -> None:
    event = event_of(chat(badges=badges))
    assert (event.medal, event.guard) == (medal, guard)


def test_a_reply_says_whom_it_answers() -> None:
    reply = {"parent_message_id": "p", "parent_user_id": "9", "parent_user_name": "Other", "parent_user_login": "other"}
    assert event_of(chat(reply=reply)).reply_to == "Other"


@pytest.mark.parametrize(("source", "mirror"), [(None, False), ("1971641", False), ("112233", True)])
def test_a_message_of_a_shared_chat_is_from_elsewhere(source: str | None, mirror: bool) -> None:
    assert event_of(chat(source_broadcaster_user_id=source)).mirror is mirror


def test_bits_in_a_message_are_a_superchat_of_the_rest_of_it() -> None:
    cheermote = fragment("cheermote", "Cheer100", cheermote={"prefix": "Cheer", "bits": 100, "tier": 100})
    event = event_of(chat(cheermote, fragment("text", " well played  "), emote("Kappa", "25"), cheer={"bits": 100}))
    assert (event.kind, event.amount, event.currency) == (EventKind.SUPERCHAT, 1.0, "USD")
    assert (event.text, list(event.emotes)) == ("well played Kappa", ["Kappa"])
    assert event.id == MESSAGE_ID


def test_a_cheer() -> None:
    assert event_of(cheer()) == Event(
        kind=EventKind.SUPERCHAT,
        id=NOTICE_ID,
        viewer="4145994",
        name="Viewer32",
        text="pogchamp",
        amount=10.0,
        currency="USD",
        sent_at=SENT_AT,
    )


@pytest.mark.parametrize("said", [cheer, given_away])
def test_who_wants_to_be_nobody_is(said: Any) -> None:
    event = event_of(said(is_anonymous=True, user_id=None, user_login=None, user_name=None))
    assert (event.viewer, event.name) == (None, "")


def test_a_subscription() -> None:
    assert event_of(subscribe(tier="3000")) == Event(
        kind=EventKind.GUARD,
        id=NOTICE_ID,
        viewer="4145994",
        name="Viewer32",
        medal=1,
        guard=1,
        amount=24.99,
        currency="USD",
        gift="Tier 3",
        sent_at=SENT_AT,
    )


def test_a_subscription_that_was_given_is_told_by_who_gave_it() -> None:
    assert translate("twitch", subscribe(is_gift=True)) is None
    assert event_of(given_away()) == Event(
        kind=EventKind.GIFT,
        id=NOTICE_ID,
        viewer="4145994",
        name="Viewer32",
        amount=29.95,
        currency="USD",
        gift="Tier 1",
        count=5,
        sent_at=SENT_AT,
    )


def test_a_subscription_that_goes_on() -> None:
    event = event_of(resub())
    assert (event.kind, event.text, event.count, event.medal) == (EventKind.GUARD, "Love the stream! FevziGG", 15, 15)
    assert list(event.emotes) == ["FevziGG"]


def test_an_emote_whose_place_is_wrong_is_none() -> None:
    text = "Love the stream! FevziGG"
    assert event_of(resub(message={"text": text, "emotes": [{"begin": 23, "end": 30, "id": "302976485"}]})).emotes == {}


def test_a_follower() -> None:
    assert event_of(follow()) == Event(
        kind=EventKind.FOLLOW,
        id=NOTICE_ID,
        viewer="4145994",
        name="Viewer32",
        sent_at=1793534410.171067,
    )


@pytest.mark.parametrize(
    "moment", ["", "yesterday", "2026-11-01T12:00:10", "9999-12-31T23:59:59Z", "0001-01-01T00:00Z"]
)
def test_a_time_that_is_none_is_left_out(moment: str) -> None:
    assert event_of(follow(followed_at=moment)).sent_at == SENT_AT


def test_a_message_is_taken_back_by_the_id_of_its_event() -> None:
    deleted = socket("channel.chat.message_delete", target(message_id=MESSAGE_ID))
    assert translate("twitch", deleted) == Withdrawal(ids=(MESSAGE_ID,))


def test_an_odd_id_is_hashed_alike_in_both() -> None:
    event = event_of(chat(message_id="a b\ud83d" * 30))
    deleted = socket("channel.chat.message_delete", target(message_id="a b\ud83d" * 30))
    assert translate("twitch", deleted) == Withdrawal(ids=(str(event.id),))


def test_all_of_a_viewer_are_taken_back() -> None:
    cleared = socket("channel.chat.clear_user_messages", target())
    assert translate("twitch", cleared) == Withdrawal(viewer="4145994")


@pytest.mark.parametrize(
    "said",
    [
        {"metadata": {"message_type": "session_welcome"}, "payload": {"session": {"id": "x"}}},
        {"metadata": {"message_type": "session_keepalive"}, "payload": {}},
        {"metadata": {"message_type": "session_reconnect"}, "payload": {"session": {}}},
        {"metadata": {"message_type": "revocation"}, "payload": {"subscription": {"type": "channel.chat.message"}}},
        {"challenge": "x", "subscription": {"type": "channel.chat.message"}},
        socket("channel.raid", {"viewers": 9}),
        webhook("channel.chat.clear", STREAMER),
    ],
)
def test_what_is_not_about_chat_is_nothing(said: dict[str, object]) -> None:
    assert translate("twitch", said) is None


@pytest.mark.parametrize(
    ("said", "path"),
    [
        ({}, "subscription"),
        ({"payload": 5}, "payload"),
        ({"metadata": {"message_type": "notification"}, "payload": {}}, "payload.subscription"),
        ({"subscription": {}}, "subscription.type"),
        ({"subscription": {"type": "channel.chat.message"}}, "event"),
        (chat(message_id=None), "payload.event.message_id"),
        (chat(message="text"), "payload.event.message"),
        (chat(message={"fragments": []}), "payload.event.message.text"),
        (chat(chatter_user_id={}), "payload.event.chatter_user_id"),
        (subscribe(tier="4000"), "payload.event.tier"),
        (subscribe(tier=1000), "payload.event.tier"),
        (subscribe(user_id=None), "payload.event.user_id"),
        (cheer(bits="5"), "payload.event.bits"),
        (cheer(message=None), "payload.event.message"),
        (given_away(total=None), "payload.event.total"),
        (resub(message=None), "payload.event.message"),
        (follow(user_id=""), "payload.event.user_id"),
        (webhook("channel.chat.message_delete", {}), "event.message_id"),
        (webhook("channel.chat.clear_user_messages", {}), "event.target_user_id"),
    ],
)
def test_a_field_that_is_needed_is_named(said: dict[str, object], path: str) -> None:
    with pytest.raises(InvalidRequestError, match=f"`{path}` must be") as caught:
        translate("twitch", said)
    assert caught.value.param == path


@given(json_values(st.sampled_from(["payload", "subscription", "event", "metadata", "type", "channel.chat.message"])))
def test_whatever_json_comes_is_read_or_refused(said: object) -> None:
    if isinstance(said, dict):
        checked(said)


WHOLE = [
    chat(emote("Kappa", "25"), fragment("text", " a"), badges=[badge("subscriber", "3012", "14")], cheer={"bits": 5}),
    resub(),
    given_away(),
    cheer(),
    subscribe(),
    follow(),
    socket("channel.chat.message_delete", target(message_id=MESSAGE_ID)),
    socket("channel.chat.clear_user_messages", target()),
]


@given(st.sampled_from(WHOLE).flatmap(broken))
def test_whatever_is_wrong_in_a_message_is_read_or_refused(said: dict[str, object]) -> None:
    checked(said)


def checked(said: dict[str, object]) -> None:
    try:
        found = translate("twitch", said)
    except InvalidRequestError:
        return
    assert found is None or isinstance(found, Withdrawal) or Event.model_validate(found.model_dump()) == found
