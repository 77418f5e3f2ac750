"""Many callers at once: everybody gets an answer, and their own."""

import asyncio
from hashlib import sha256

import httpx

from tests.e2e.program import Server

CLIENTS = 8
ENGLISH = [f"{do} the {it}" for do in ("open", "find", "drop", "catch") for it in ("door", "key", "ball", "cat", "box")]
CHINESE = [f"{who}也{does}" for who in "你我" for does in ("来了", "走了", "赢了", "笑了", "睡了")]


async def test_eight_clients_get_thirty_different_answers(server: Server) -> None:
    lines: asyncio.Queue[str] = asyncio.Queue()
    for group in zip(ENGLISH[::2], CHINESE, ENGLISH[1::2], strict=True):
        for line in group:
            lines.put_nowait(line)
    answers: dict[str, httpx.Response] = {}

    async def ask() -> None:
        async with httpx.AsyncClient(base_url=server.base_url, timeout=60) as client:
            while not lines.empty():
                line = lines.get_nowait()
                answers[line] = await client.post("/v1/audio/speech", json={"model": "auto", "input": line})

    async with asyncio.TaskGroup() as clients:
        for _ in range(CLIENTS):
            clients.create_task(ask())

    assert {answer.status_code for answer in answers.values()} == {200}
    assert len({sha256(answer.content).digest() for answer in answers.values()}) == len(ENGLISH) + len(CHINESE)
    assert len({answer.headers["x-request-id"] for answer in answers.values()}) == len(answers)
    assert all(answers[line].headers["x-voice"].startswith("piper:en") for line in ENGLISH)
    assert all(answers[line].headers["x-voice"].startswith("kokoro:zh") for line in CHINESE)
