from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from danmu_tts.adapters.platforms import translate
from danmu_tts.domain.errors import InvalidRequestError
from danmu_tts.domain.withdrawals import Withdrawal
from speech_contract.events import Combo, Event, EventKind
from tests.builders.bilibili_messages import OPEN_ID, PICTURE, ROOM, danmu, gift, guard, message, superchat
from tests.builders.platform_messages import broken, json_values


def event_of(said: dict[str, object]) -> Event:
    event = translate("bilibili", said)
    assert isinstance(event, Event)
    return event


def test_a_danmu() -> None:
    assert event_of(danmu()) == Event(
        id="f8e0a9d2-14c1-4ac7-b6f3-91b2a5c7d301",
        viewer=OPEN_ID,
        name="麦田守望",
        text="主播晚上好",
        medal=21,
        guard=3,
        sent_at=1793534412.0,
    )


def test_a_medal_counts_only_while_it_is_worn() -> None:
    assert event_of(danmu(fans_medal_wearing_status=False)).medal == 0
    assert event_of(danmu(fans_medal_level=None)).medal == 0


@pytest.mark.parametrize("url", [PICTURE, PICTURE.replace("https", "http"), PICTURE.removeprefix("https:")])
def test_a_sticker_is_a_picture_by_https(url: str) -> None:
    assert event_of(danmu(dm_type=1, emoji_img_url=url)).picture == PICTURE


@pytest.mark.parametrize(
    ("kind", "url"),
    [(0, PICTURE), (1, "ftp://a/b"), (1, "https://a/<b>"), (1, "https://a/b c"), (1, ""), (1, None), ("1", PICTURE)],
)
def test_anything_else_is_no_picture(kind: object, url: object) -> None:
    assert event_of(danmu(dm_type=kind, emoji_img_url=url)).picture is None


def test_whom_it_answers_and_whether_it_is_from_elsewhere() -> None:
    event = event_of(danmu(reply_uname="小明", is_mirror=1))
    assert (event.reply_to, event.mirror) == ("小明", True)


def test_a_danmu_of_a_connected_room_has_no_sender() -> None:
    mirrored = {**ROOM, "msg": "隔壁好", "msg_id": "m-1", "emoji_img_url": "", "dm_type": 0}
    assert event_of(message("DM_MIRROR", mirrored)) == Event(id="m-1", text="隔壁好", mirror=True, sent_at=1793534412.0)


def test_a_gift_of_a_combo() -> None:
    assert event_of(gift()) == Event(
        kind=EventKind.GIFT,
        id="0d3be2f1-77aa-4a1c-9c0e-3f2b1a9d8e77",
        viewer=OPEN_ID,
        name="麦田守望",
        medal=21,
        amount=0.5,
        gift="小花花",
        count=5,
        combo=Combo(id="combo:21:31036", timeout_ms=5000),
        sent_at=1793534412.0,
    )


@pytest.mark.parametrize(
    ("given", "amount"),
    [
        ({"price": 1000, "r_price": 800}, 4.0),
        ({"price": 1000, "r_price": 0}, 5.0),
        ({"price": 1000, "r_price": None}, 5.0),
        ({"paid": False}, 0.0),
        ({"paid": None}, 0.0),
        ({"paid": False, "price": None, "r_price": None}, 0.0),
    ],
)
def test_a_gift_is_worth_what_was_paid_for_all_of_it(given: dict[str, Any], amount: float) -> None:
    assert event_of(gift(**given)).amount == amount


@pytest.mark.parametrize(
    "given", [{"combo_gift": False}, {"combo_info": None}, {"combo_info": {"combo_id": "", "combo_timeout": 5}}]
)
def test_a_gift_on_its_own_has_no_combo(given: dict[str, Any]) -> None:
    assert event_of(gift(**given)).combo is None


def test_a_combo_whose_id_is_too_long_has_the_same_id_every_time() -> None:
    info = {"combo_id": "batch:gift:combo_id:3537104514583344:263135375:31036:1793534412.6283", "combo_timeout": 99}
    first, second = (event_of(gift(msg_id=each, combo_info=info)).combo for each in ("a", "b"))
    assert first == second
    assert first is not None
    assert (len(first.id), first.timeout_ms) == (32, 60_000)


def test_a_superchat() -> None:
    assert event_of(superchat()) == Event(
        kind=EventKind.SUPERCHAT,
        id="8421001",
        viewer=OPEN_ID,
        name="麦田守望",
        text="唱首歌吧",
        medal=21,
        guard=2,
        amount=30.0,
        sent_at=1793534412.0,
    )


def test_a_superchat_is_taken_back_by_the_id_of_its_event() -> None:
    back = message("SUPER_CHAT_DEL", {"room_id": 21, "message_ids": [8421001, 8421002], "msg_id": "x"})
    assert translate("bilibili", back) == Withdrawal(ids=("8421001", "8421002"))
    assert event_of(superchat()).id == "8421001"


def test_a_guard() -> None:
    assert event_of(guard()) == Event(
        kind=EventKind.GUARD,
        id="c1c2d3e4-0000-4a1c-9c0e-3f2b1a9d8e77",
        viewer=OPEN_ID,
        name="麦田守望",
        medal=21,
        guard=3,
        amount=396.0,
        gift="舰长",
        count=2,
        sent_at=1793534412.0,
    )


def test_a_guard_on_trial_is_not_so_many_months() -> None:
    event = event_of(guard(guard_level=1, guard_num=3, guard_unit="*3天", price=0))
    assert (event.gift, event.count, event.amount) == ("总督", 1, 0.0)


@pytest.mark.parametrize("command", ["LIKE", "LIVE_ROOM_ENTER", "LIVE_START", "LIVE_END", "INTERACTION_END", "NEW"])
def test_what_is_not_about_chat_is_nothing(command: str) -> None:
    assert translate("bilibili", message(command, {})) is None


def test_what_is_too_long_is_cut() -> None:
    event = event_of(danmu(uname="名" * 99, msg="长" * 2000, reply_uname="回" * 99, fans_medal_level=10**30))
    assert [len(event.name), len(event.text), len(event.reply_to), event.medal] == [64, 1000, 64, 1000]


def test_half_a_character_is_replaced() -> None:
    assert event_of(danmu(msg="好\ud83d")).text == "好\ufffd"


def test_a_viewer_from_before_open_ids_is_known_by_uid() -> None:
    assert event_of(danmu(open_id="", uid=48012)).viewer == "48012"


@pytest.mark.parametrize(
    ("said", "path"),
    [
        ({}, "cmd"),
        ({"cmd": 1, "data": {}}, "cmd"),
        ({"cmd": "LIVE_OPEN_PLATFORM_DM"}, "data"),
        ({"cmd": "LIVE_OPEN_PLATFORM_DM", "data": []}, "data"),
        (danmu(msg_id=None), "data.msg_id"),
        (danmu(msg_id=""), "data.msg_id"),
        (danmu(msg_id=True), "data.msg_id"),
        (danmu(open_id=None), "data.open_id"),
        (danmu(msg=5), "data.msg"),
        (gift(gift_name=None), "data.gift_name"),
        (gift(price=None, r_price=None), "data.price"),
        (gift(price=-1, r_price="1"), "data.price"),
        (superchat(message_id=1.5), "data.message_id"),
        (superchat(rmb="30"), "data.rmb"),
        (superchat(rmb=True), "data.rmb"),
        (superchat(rmb=float("nan")), "data.rmb"),
        (message("SUPER_CHAT_DEL", {"message_ids": []}), "data.message_ids"),
        (message("SUPER_CHAT_DEL", {"message_ids": [1, None]}), "data.message_ids"),
        (message("SUPER_CHAT_DEL", {"message_ids": 1}), "data.message_ids"),
        (guard(user_info=None), "data.user_info"),
        (guard(user_info={}), "data.user_info.open_id"),
        (guard(guard_level=0), "data.guard_level"),
        (guard(guard_level="3"), "data.guard_level"),
    ],
)
def test_a_field_that_is_needed_is_named(said: dict[str, object], path: str) -> None:
    with pytest.raises(InvalidRequestError, match=f"`{path}` must be") as caught:
        translate("bilibili", said)
    assert caught.value.param == path


def test_an_unknown_platform_is_named() -> None:
    with pytest.raises(InvalidRequestError, match="bilibili, twitch"):
        translate("elsewhere", danmu())


@given(json_values(st.sampled_from(["cmd", "data", "msg_id", "open_id", "LIVE_OPEN_PLATFORM_DM"])))
def test_whatever_json_comes_is_read_or_refused(said: object) -> None:
    if isinstance(said, dict):
        checked(said)


@given(st.sampled_from([danmu(), gift(), superchat(), guard(), message("DM_MIRROR", {})]).flatmap(broken))
def test_whatever_is_wrong_in_a_message_is_read_or_refused(said: dict[str, object]) -> None:
    checked(said)


def checked(said: dict[str, object]) -> None:
    try:
        found = translate("bilibili", said)
    except InvalidRequestError:
        return
    assert found is None or isinstance(found, Withdrawal) or Event.model_validate(found.model_dump()) == found
