"""Who may open a WebSocket, by what they show, and what they may do then; from our gateway and an emulator of AWS."""

from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from danmu_tts.client import Client, RefusedError
from speech_contract.frames import SUBPROTOCOL
from tests.e2e.websocket_targets import Ability, Target

WRONG = "danmu_aaaaaaaaaaaa_wrong"


def shown(way: str, credential: str) -> tuple[str, dict[str, Any]]:
    """The query and the options of a handshake that shows a credential."""
    headers = {"Authorization": {"Authorization": f"Bearer {credential}"}, "x-api-key": {"x-api-key": credential}}
    options: dict[str, Any] = {"additional_headers": headers.get(way, {})}
    if way == "subprotocol":
        options["subprotocols"] = [SUBPROTOCOL, credential]
    return f"?token={credential}" if way == "query" else "", options


ways = pytest.mark.parametrize("way", ["Authorization", "x-api-key", "subprotocol", "query"])


@ways
async def test_a_key_may_be_shown_in_four_ways(target: Target, way: str) -> None:
    query, options = shown(way, target.key)
    async with target.line(query, **options) as line:
        assert await line.is_quiet()


@ways
async def test_a_wrong_key_is_turned_away_at_the_door(target: Target, way: str) -> None:
    query, options = shown(way, WRONG)
    with pytest.raises(InvalidStatus) as caught:
        async with target.line(query, **options):
            pass
    assert caught.value.response.status_code == target.unauthorized_status


async def test_two_credentials_are_one_too_many(target: Target) -> None:
    with pytest.raises(InvalidStatus) as caught:
        async with target.line(f"?token={target.key}"):
            pass
    assert caught.value.response.status_code == target.unauthorized_status


async def test_a_client_that_calls_itself_what_anybody_guesses_is_refused(target: Target) -> None:
    with pytest.raises(InvalidStatus) as caught:
        async with target.line("?client=bob"):
            pass
    assert caught.value.response.status_code == target.refused_status


async def test_a_revoked_key_is_turned_away(target: Target) -> None:
    key = await target.keys("create", "revoked")
    await target.keys("revoke", key.split("_")[1])
    with pytest.raises(InvalidStatus) as caught:
        async with target.line(additional_headers={"x-api-key": key}):
            pass
    assert caught.value.response.status_code == target.unauthorized_status


async def test_a_room_token_opens_the_door_and_may_not_speak(target: Target) -> None:
    token = await target.keys("room-token", "my-room", "--key", target.key.split("_")[1], "--role", "console")
    async with target.line(additional_headers={"Authorization": f"Bearer {token}"}) as line:
        answer = await line.ask("speak", id="mine", text="May I?")
        assert (answer["type"], answer["error"]["code"]) == ("error", "forbidden")
        assert await line.is_quiet()


async def test_our_client_says_why_it_is_refused(target: Target) -> None:
    if target.unauthorized_status != 401:
        pytest.skip("unlike AWS, it answers 500 to an authoriser's Unauthorized, which our client takes for a bad day")
    with pytest.raises(RefusedError, match="Unauthorized"):
        async with Client(target.url, WRONG):
            pass


async def test_the_offered_subprotocol_is_chosen(target: Target) -> None:
    target.needs(Ability.CHOOSES_SUBPROTOCOL)
    async with target.line(subprotocols=[SUBPROTOCOL]) as line:
        assert line.connection.subprotocol == SUBPROTOCOL


async def test_no_subprotocol_is_chosen_for_who_offers_none(target: Target) -> None:
    async with target.line() as line:
        assert line.connection.subprotocol is None
        assert await line.is_quiet()
