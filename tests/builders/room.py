"""Danmu for the policy of a room, and a room to try it on."""

from collections.abc import Collection
from itertools import count
from typing import Any

from danmu_tts.domain.room import speaking
from danmu_tts.domain.room.admission import Changes, admit
from danmu_tts.domain.room.state import RoomState, Tally
from danmu_tts.domain.room.values import Danmu, Fate, Kind, RoomRules, RoomUtterance, Words

_numbers = count()


def a_danmu(text: str = "", viewer: str = "", **fields: Any) -> Danmu:
    """A plain one that is like no other, from a viewer of its own, unless told otherwise."""
    number = next(_numbers)
    defaults: dict[str, Any] = {"id": f"d{number}", "kind": Kind.DANMU, "weight": 5.0}
    fields = defaults | fields
    text = text or f"text {number}"
    if fields["kind"] is Kind.DANMU:
        fields.setdefault("key", text)
    return Danmu(viewer=viewer or f"v{number}", words=Words(name=viewer, text=text), **fields)


def a_superchat(text: str = "加油", **fields: Any) -> Danmu:
    return a_danmu(text, kind=Kind.SUPERCHAT, paid=True, **fields)


def a_gift(viewer: str, **fields: Any) -> Danmu:
    return a_danmu("", viewer, **{"kind": Kind.GIFT, "paid": True, "key": f"gift/{viewer}"} | fields)


class RoomBench:
    """A room whose clock is moved by hand, with a player that is always ready."""

    def __init__(self, **rules: Any) -> None:
        self.state = RoomState()
        self.rules = RoomRules(**rules)
        self.now_ms = 1_000_000
        self.changes = Changes()

    def send(self, *danmu: Danmu) -> list[Fate]:
        return admit(self.state, self.rules, danmu, self.now_ms, self.changes)

    def pass_ms(self, ms: int) -> None:
        self.now_ms += ms

    def ready(
        self,
        player: str = "player",
        connection: str = "line",
        *,
        credit: bool = True,
        holds: Collection[str] | None = (),
    ) -> bool:
        return speaking.attend(
            self.state,
            player,
            connection,
            self.now_ms,
            credit=credit,
            holds=holds,
            changes=self.changes,
        )

    def take(self, buffered_ms: int = 0) -> RoomUtterance | None:
        """What a player that is ready is given."""
        self.ready()
        return speaking.take(self.state, self.now_ms, buffered_ms, self.changes)

    def start(self) -> RoomUtterance:
        """The next one plays."""
        taken = self.take()
        assert taken is not None
        assert speaking.sent(self.state, taken.id, "line", taken.voice, 1000, 1.0, self.now_ms)
        speaking.began(self.state, taken.id, self.now_ms, self.changes)
        return taken

    def speak(self) -> RoomUtterance | None:
        """The next one is spoken, and takes a second."""
        if not self.take():
            return None
        taken = self.state.hands[-1].utterance
        speaking.sent(self.state, taken.id, "line", taken.voice, 1000, 1.0, self.now_ms)
        speaking.began(self.state, taken.id, self.now_ms, self.changes)
        self.pass_ms(1000)
        speaking.heard(self.state, taken.id, self.now_ms, self.changes)
        return taken

    def spoken(self) -> list[str]:
        """The ids of all that waits, in the order in which they are spoken."""
        ids = []
        while taken := self.speak():
            ids.append(taken.id)
        return ids


def accounted(tally: Tally) -> int:
    """How many danmu have come to an end."""
    return tally.spoken + tally.merged + tally.retracted + sum(tally.dropped.values())
