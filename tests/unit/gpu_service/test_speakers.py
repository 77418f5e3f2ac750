"""Speakers of a checkpoint, and what the functions call them."""

import json
from importlib.resources import files

import pytest

from gpu_service.speakers import voice_name


@pytest.mark.parametrize(
    ("speaker", "name"),
    [
        ("Ana Florence", "ana-florence"),
        ("Alma María", "alma-maria"),
        ("Camilla Holmström", "camilla-holmstrom"),
        ("Eugenio Mataracı", "eugenio-mataraci"),
        ("  O'Neil  (2) ", "o-neil-2"),
    ],
)
def test_a_name_is_what_can_be_typed(speaker: str, name: str) -> None:
    assert voice_name(speaker) == name


def test_the_functions_list_has_names_as_the_service_makes_them() -> None:
    voices = json.loads((files("danmu_tts") / "data" / "voices" / "xtts.json").read_text("utf-8"))
    names = [name for genders in voices.values() for each in genders.values() for name in each]
    assert len(set(names)) == len(names) == 58
    assert [voice_name(name) for name in names] == names
