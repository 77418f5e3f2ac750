"""Messages of Bilibili's open live platform, in the shape of its documentation."""

from typing import Any

OPEN_ID = "9f1c2d3e4b5a69788796a5b4c3d2e1f0"
PICTURE = "https://i0.hdslb.com/bfs/live/0a1b2c.png"
MEDAL = {"fans_medal_level": 21, "fans_medal_name": "小麦", "fans_medal_wearing_status": True}
USER = {
    "uid": 0,
    "open_id": OPEN_ID,
    "union_id": "",
    "uname": "麦田守望",
    "uface": "http://i0.hdslb.com/bfs/face/a.jpg",
}
ROOM = {"room_id": 21, "timestamp": 1793534412}


def message(command: str, data: dict[str, Any]) -> dict[str, object]:
    return {"cmd": f"LIVE_OPEN_PLATFORM_{command}", "data": data}


def danmu(**given: Any) -> dict[str, object]:
    data = {
        **USER,
        **ROOM,
        **MEDAL,
        "msg": "主播晚上好",
        "msg_id": "f8e0a9d2-14c1-4ac7-b6f3-91b2a5c7d301",
        "guard_level": 3,
        "emoji_img_url": "",
        "dm_type": 0,
        "glory_level": 12,
        "reply_open_id": "",
        "reply_uname": "",
        "is_admin": 0,
    }
    return message("DM", {**data, **given})


def gift(**given: Any) -> dict[str, object]:
    data = {
        **USER,
        **ROOM,
        **MEDAL,
        "gift_id": 31036,
        "gift_name": "小花花",
        "gift_num": 5,
        "price": 100,
        "r_price": 100,
        "paid": True,
        "guard_level": 0,
        "anchor_info": {"uid": 1, "open_id": "a", "union_id": "", "uname": "主播", "uface": ""},
        "msg_id": "0d3be2f1-77aa-4a1c-9c0e-3f2b1a9d8e77",
        "gift_icon": PICTURE,
        "combo_gift": True,
        "combo_info": {"combo_base_num": 5, "combo_count": 2, "combo_id": "combo:21:31036", "combo_timeout": 5},
        "blind_gift": {"blind_gift_id": 0, "status": False},
    }
    return message("SEND_GIFT", {**data, **given})


def superchat(**given: Any) -> dict[str, object]:
    data = {
        **USER,
        **ROOM,
        **MEDAL,
        "message_id": 8421001,
        "message": "唱首歌吧",
        "msg_id": "b1c2d3e4-0000-4a1c-9c0e-3f2b1a9d8e77",
        "rmb": 30,
        "start_time": 1793534412,
        "end_time": 1793534472,
        "guard_level": 2,
    }
    return message("SUPER_CHAT", {**data, **given})


def guard(**given: Any) -> dict[str, object]:
    data = {
        **ROOM,
        **MEDAL,
        "user_info": USER,
        "guard_level": 3,
        "guard_num": 2,
        "guard_unit": "月",
        "price": 396000,
        "msg_id": "c1c2d3e4-0000-4a1c-9c0e-3f2b1a9d8e77",
    }
    return message("GUARD", {**data, **given})
