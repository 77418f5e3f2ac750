"""The README shows every frame of the WebSocket, and each as it is."""

import re
from pathlib import Path
from typing import get_args

from speech_contract import frames

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")


def shown(marker: str) -> list[str]:
    """Lines of JSON in the README that have a field first."""
    return re.findall(rf'^\{{"{marker}": .*\}}$', README, re.MULTILINE)


def test_every_frame_of_a_client_is_shown() -> None:
    examples = [frames.client_frames().validate_json(line) for line in shown("action")]
    assert {type(example) for example in examples} == set(get_args(get_args(frames.ClientFrame)[0]))


def test_every_frame_of_the_server_is_shown() -> None:
    examples = [frames.server_frames().validate_json(line) for line in shown("type")]
    assert {type(example) for example in examples} == set(get_args(frames.AnyServerFrame))
