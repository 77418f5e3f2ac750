"""A live room as its bots, players and streamers know it, the same from our gateway and from an emulator of AWS."""

import asyncio
import base64
import secrets
from contextlib import suppress
from typing import Any

import pytest

from tests.e2e.sound import decode
from tests.e2e.websocket_line import Frame, Line
from tests.e2e.websocket_targets import Target

HEARTBEAT_S = 1.0
LIMIT_S, MOST_TRIES = 30, 4
PATIENCE_MS = 600_000


class RoomLine:
    """One connection's words about one room."""

    def __init__(self, line: Line, room: str) -> None:
        self._line = line
        self._room = room

    async def say(self, action: str, **fields: Any) -> None:
        await self._line.send(action, room=self._room, **fields)

    async def until(self, kind: str) -> Frame:
        """The next frame of that type; those of others are not waited for here."""
        while (frame := await self._receive())["type"] != kind:
            pass
        return frame

    async def be_patient(self) -> None:
        """Let danmu wait however long they take to make here, and thank in the language whose voice is the quickest."""
        await self.say("listen", role="monitor")
        settings = {"deadlines_ms": {"danmu": PATIENCE_MS}, "language": "en"}
        await self.say("control", do="settings", settings=settings)
        known: Frame = {}
        while known.get("deadlines_ms", {}).get("danmu") != PATIENCE_MS:
            known = (await self.until("state"))["state"]["settings"] or known  # told where they changed

    async def next(self) -> Frame:
        """As a player asks: again and again, until there is something."""
        async with asyncio.timeout(LIMIT_S):
            return await self._next()

    async def _next(self) -> Frame:
        await self.say("ready")
        while True:
            try:
                frame = await asyncio.wait_for(self._receive(), HEARTBEAT_S)
            except TimeoutError:
                await self.say("ready")
                continue
            if frame["type"] == "utterance":
                return frame
            if frame["type"] == "waiting" and not frame["again_in_ms"]:
                await self.say("ready")

    async def _receive(self) -> Frame:
        while True:
            frame = await self._line.receive()
            assert frame["type"] != "error", frame
            if frame.get("state", frame)["room"] == self._room:
                return frame

    async def play(self, utterance: Frame) -> None:
        for outcome in ("started", "heard"):
            await self.say("played", id=utterance["id"], outcome=outcome)


async def have_a_voice(line: Line) -> None:
    """Loading one may take longer than an utterance may, on a machine that has much else to do."""
    first = RoomLine(line, f"first-{secrets.token_hex(4)}")
    await first.say("listen")
    for number in range(MOST_TRIES):
        await first.say("danmu", events=[{"text": f"Hello {number}"}])
        with suppress(TimeoutError):
            await first.play(await first.next())
            return
    pytest.fail("no voice could be loaded")


async def test_a_chat_is_spoken_merged_and_watched(target: Target) -> None:
    room = f"room-{secrets.token_hex(4)}"
    async with target.line() as bot_line, target.line() as player_line, target.line() as monitor_line:
        await have_a_voice(player_line)
        bot, player, monitor = (RoomLine(line, room) for line in (bot_line, player_line, monitor_line))
        await player.say("listen")
        assert (await player.until("listening"))["role"] == "player"
        await monitor.say("listen", role="monitor")
        await monitor.until("state")
        await bot.be_patient()
        events = [{"id": f"d{number}", "viewer": f"v{number}", "text": "What a song!"} for number in range(3)]
        await bot.say(
            "danmu", events=[*events, {"id": "sc", "kind": "superchat", "text": "Welcome back!", "amount": 30}]
        )
        outcomes = (await bot.until("admitted"))["outcomes"]
        assert [each["outcome"] for each in outcomes] == ["queued", "merged", "merged", "queued"]
        first = await player.next()
        await player.play(first)
        second = await player.next()
        await player.play(second)
        assert (first["original"], first["rank"]) == ("Welcome back!", "superchat")
        assert (second["original"], second["count"], second["people"]) == ("What a song!", 3, 3)
        samples, _ = decode(base64.b64decode(second["audio"]["data"]), "opus")
        assert abs(samples).max() > 0.05
        seen = await monitor.until("utterance")
        assert (seen["id"], seen["audio"]) == (first["id"], None)
        await monitor.say("listen", role="monitor")
        while (state := (await monitor.until("state"))["state"])["counts"]["spoken"] < 2:
            pass
        assert (state["counts"]["arrived"], state["counts"]["merged"], state["waiting"]) == (4, 2, [])


async def test_what_is_taken_back_is_silenced(target: Target) -> None:
    room = f"room-{secrets.token_hex(4)}"
    async with target.line() as bot_line, target.line() as player_line:
        await have_a_voice(player_line)
        bot, player = RoomLine(bot_line, room), RoomLine(player_line, room)
        await player.say("listen")
        await bot.be_patient()
        await bot.say("danmu", events=[{"id": "a", "text": "Hello everybody"}, {"id": "b", "text": "Good luck"}])
        utterance = await player.next()
        await bot.say("retract", ids=["a", "b"])
        assert utterance["id"] in (await player.until("retracted"))["ids"]
        assert (await bot.until("retraction"))["retracted"] == 2


async def test_a_streamer_steers_by_a_token_of_the_room(target: Target) -> None:
    room = f"room-{secrets.token_hex(4)}"
    key_id = target.key.split("_")[1]
    token = await target.keys("room-token", room, "--key", key_id, "--role", "console")
    async with target.line(f"?token={token}", additional_headers={}) as line:
        console = RoomLine(line, room)
        await console.say("listen", role="monitor")
        await console.until("state")
        await console.say("control", do="settings", settings={"language": "en", "audience": "paid"})
        while (state := (await console.until("state"))["state"])["settings"]["audience"] != "paid":
            pass
        assert state["settings"]["language"] == "en"
        other = RoomLine(line, f"{room}-other")
        await other.say("listen", role="monitor")
        while (frame := await line.receive())["type"] != "error":
            pass
        assert frame["error"]["code"] == "forbidden"
