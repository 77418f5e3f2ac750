"""A recording into a running server: fed as a bot feeds it, and watched as a streamer watches it."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit, urlunsplit

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from infra.local.replay.evening import Evening, SpokenOnce
from infra.local.replay.recordings import Recorded
from speech_contract.frames import SUBPROTOCOL
from speech_contract.room_frames import MOST_EVENTS, State, UtteranceFrame
from speech_contract.rooms import RoomCounts, RoomState

_EVERY_S = 0.1
_WATCHES_EVERY_S = 5.0
_PATIENCE_S = 30.0
_MOST_TRIES = 5


class ReplayError(Exception):
    """The server cannot be fed or watched. The message is a sentence for whoever named it."""


@dataclass(frozen=True, slots=True)
class Target:
    """Whom to feed: ``server`` as ``http://…``, by an API key where it wants one."""

    server: str
    room: str
    key: str | None

    @property
    def headers(self) -> dict[str, str]:
        """With the key."""
        return {"authorization": f"Bearer {self.key}"} if self.key else {}

    @property
    def websocket(self) -> str:
        """Where it is watched."""
        parts = urlsplit(self.server)
        scheme = "wss" if parts.scheme == "https" else "ws"
        return urlunsplit((scheme, parts.netloc, f"{parts.path.rstrip('/')}/ws", "", ""))


@dataclass
class _Seen:
    """What was seen of the room. Seconds are of this replay, as it passes."""

    before: RoomCounts | None = None
    state: RoomState | None = None
    frames: dict[str, UtteranceFrame] = field(default_factory=dict)
    spoken: dict[str, SpokenOnce] = field(default_factory=dict)
    backlog: list[tuple[float, float]] = field(default_factory=list)
    past_deadline: int = 0
    limit_ms: int | None = None
    speakable_s: float = 0.0
    idle_s: float = 0.0
    last_s: float = 0.0


class LiveReplay:
    """Feeds and watches. ``evening`` is what came of it so far, also where it was broken off."""

    def __init__(
        self, target: Target, recorded: Sequence[Recorded], speed: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """``speed``: how much faster than in life the events come; what is spoken takes its time."""
        self._target = target
        self._recorded = recorded
        self._speed = speed
        self._clock = clock
        self._run = f"{int(time.time()):x}"
        self._seen = _Seen()
        self._started_s = 0.0
        self._arrivals_s: list[float] = []
        self._is_known = asyncio.Event()

    async def run(self, progress: Callable[[float, RoomState | None], None]) -> None:
        """To the end: all was fed, and nothing waits any more. Raises ReplayError.

        Args:
            progress: told how far it is, in seconds of the recording, and how the room stands.
        """
        async with self._watching() as watching, httpx.AsyncClient(timeout=_PATIENCE_S) as client:
            self._started_s = self._clock()
            feeding = asyncio.create_task(self._feed(client, progress))
            done, _ = await asyncio.wait({feeding, watching}, return_when=asyncio.FIRST_COMPLETED)
            if watching in done:
                feeding.cancel()
                with suppress(asyncio.CancelledError):
                    await feeding
            await next(iter(done))
            while not self._is_over():
                progress(self._passed_s * self._speed, self._seen.state)
                await asyncio.sleep(_EVERY_S)

    @property
    def has_player(self) -> bool:
        """Whether somebody plays the room."""
        return self._seen.state is not None and self._seen.state.has_player

    def evening(self, title: str) -> Evening:
        """What came of it."""
        seen, speed = self._seen, self._speed
        counts = seen.state.counts if seen.state else RoomCounts()
        before = seen.before or RoomCounts()
        dropped = {name: count - before.dropped.get(name, 0) for name, count in counts.dropped.items()}
        spent_usd = (seen.state.spent_usd if seen.state else None) or 0.0
        return Evening(
            title=title,
            length_s=self._passed_s * speed,
            arrivals_s=self._arrivals_s,
            spoken=[
                SpokenOnce(each.at_s * speed, each.duration_s * speed, each.lateness_ms, each.rank, each.danmu)
                for each in seen.spoken.values()
            ],
            backlog=[(at_s * speed, waits_ms) for at_s, waits_ms in seen.backlog],
            dropped={name: count for name, count in dropped.items() if count},
            merged=counts.merged - before.merged,
            retracted=counts.retracted - before.retracted,
            past_deadline=seen.past_deadline,
            idle_share=seen.idle_s / seen.speakable_s if seen.speakable_s else 0.0,
            cost_usd=spent_usd,
            speed=speed,
            limit_ms=seen.limit_ms,
        )

    @property
    def _passed_s(self) -> float:
        return self._clock() - self._started_s

    async def _feed(self, client: httpx.AsyncClient, progress: Callable[[float, RoomState | None], None]) -> None:
        position = 0
        while position < len(self._recorded):
            passed_s = self._passed_s * self._speed
            batch = []
            while position < len(self._recorded) and self._recorded[position].at_s <= passed_s:
                batch.append(self._recorded[position])
                position += 1
            for start in range(0, len(batch), MOST_EVENTS):
                await self._send(client, batch[start : start + MOST_EVENTS])
            progress(passed_s, self._seen.state)
            await asyncio.sleep(_EVERY_S)

    async def _send(self, client: httpx.AsyncClient, batch: Sequence[Recorded]) -> None:
        """Again where that may help: an event that comes twice counts once."""
        self._arrivals_s += [each.at_s for each in batch]
        # A name of this run: the room remembers those of the last.
        events = [
            each.event.model_copy(update={"id": f"{self._run}.{each.event.id}"[:64], "sent_at": None}) for each in batch
        ]
        body = {"events": [event.model_dump(mode="json", exclude_defaults=True) for event in events]}
        url = f"{self._target.server.rstrip('/')}/v1/rooms/{self._target.room}/danmu"
        for attempt in range(_MOST_TRIES):
            try:
                answer = await client.post(url, json=body, headers=self._target.headers)
            except httpx.HTTPError as error:
                problem = f"{self._target.server} is not there ({type(error).__name__})"
            else:
                if answer.is_success:
                    return
                problem = f"{self._target.server} answered {answer.status_code}: {_message(answer)}"
                if answer.status_code < 429:
                    break
            await asyncio.sleep(0.5 * 2**attempt)
        raise ReplayError(f"{problem}.")

    @asynccontextmanager
    async def _watching(self) -> AsyncIterator["asyncio.Task[None]"]:
        """A monitor of the room, which knows how it stands before the first event comes."""
        offered = [SUBPROTOCOL, *([self._target.key] if self._target.key else [])]
        url = f"{self._target.websocket}?{urlencode({'client': f'replay-{self._run:0>16}'})}"
        try:
            line = await connect(url, subprotocols=offered, max_size=None)  # type: ignore[arg-type]
        except (OSError, InvalidHandshake, ValueError) as error:
            raise ReplayError(
                f"{self._target.server} cannot be watched ({error}). `danmu-tts serve` starts one; --key takes a key."
            ) from error
        listening = asyncio.create_task(_again(lambda: self._listen(line)))
        watching = asyncio.create_task(self._watch(line))
        known = asyncio.create_task(self._is_known.wait())
        try:
            await asyncio.wait({known, watching}, timeout=_PATIENCE_S, return_when=asyncio.FIRST_COMPLETED)
            if not (known.done() or watching.done()):
                raise ReplayError(f"{self._target.server} does not say how the room stands.")
            yield watching
        finally:
            known.cancel()
            listening.cancel()
            watching.cancel()
            await line.close()

    async def _listen(self, line: ClientConnection) -> None:
        await line.send(json.dumps({"action": "listen", "room": self._target.room, "role": "monitor"}))

    async def _watch(self, line: ClientConnection) -> None:
        try:
            async for message in line:
                frame = json.loads(message)
                if frame.get("type") == "state":
                    self._see(State.model_validate(frame).state)
                elif frame.get("type") == "utterance":
                    utterance = UtteranceFrame.model_validate(frame)
                    self._seen.frames[utterance.id] = utterance
                elif frame.get("type") == "error":
                    raise ReplayError(f"{self._target.server} refuses: {frame['error']['message']}")
        except ConnectionClosed as error:
            raise ReplayError(f"{self._target.server} hung up.") from error
        raise ReplayError(f"{self._target.server} hung up.")

    def _see(self, state: RoomState) -> None:
        seen = self._seen
        now_s = self._passed_s if self._started_s else 0.0
        if seen.before is None:
            seen.before = state.counts
        elif seen.state and self._started_s:
            self._count_idle(seen.state, now_s - seen.last_s)
        seen.last_s, seen.state = now_s, state
        if state.settings:
            seen.limit_ms = state.settings.waiting_ms
        self._is_known.set()
        seen.backlog.append((now_s, state.backlog_ms))
        for each in (*state.in_hand, *state.recent):
            frame = seen.frames.get(each.id)
            if each.lateness_ms is None or frame is None:
                continue
            if each.id not in seen.spoken:
                begins_s = now_s
                seen.past_deadline += each.began_at is not None and each.began_at > frame.expires_at
            else:
                begins_s = seen.spoken[each.id].at_s
            danmu = each.count if each.kind == "danmu" else 1
            seen.spoken[each.id] = SpokenOnce(begins_s, frame.duration_ms / 1000, each.lateness_ms, frame.rank, danmu)

    def _count_idle(self, state: RoomState, lasted_s: float) -> None:
        """By how the room stood until now."""
        if any(each.settles_at <= state.now for each in state.waiting):
            self._seen.speakable_s += lasted_s
            if not any(each.status == "playing" for each in state.in_hand):
                self._seen.idle_s += lasted_s

    def _is_over(self) -> bool:
        state = self._seen.state
        return state is None or not (state.waiting or state.in_hand)


async def _again(do: Callable[[], Awaitable[None]]) -> None:
    with suppress(ConnectionClosed):
        while True:
            await do()
            await asyncio.sleep(_WATCHES_EVERY_S)


def _message(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["error"]["message"]).rstrip(".")
    except (ValueError, KeyError, TypeError):
        return answer.reason_phrase
