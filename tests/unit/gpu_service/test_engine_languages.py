import subprocess
import sys

import pytest

from gpu_service.engine.languages import xtts_language
from gpu_service.ports import LineError

KNOWN = ("en", "pt", "zh-cn", "ja")


@pytest.mark.parametrize(
    ("tag", "name"),
    [("en", "en"), ("en-GB", "en"), ("pt-BR", "pt"), ("zh", "zh-cn"), ("zh-CN", "zh-cn"), ("zh-Hant-TW", "zh-cn")],
)
def test_a_tag_is_its_language_to_xtts(tag: str, name: str) -> None:
    assert xtts_language(tag, KNOWN) == name


@pytest.mark.parametrize("tag", ["sw", "yue", "de-AT", "x"])
def test_what_the_checkpoint_does_not_speak_is_refused(tag: str) -> None:
    with pytest.raises(LineError) as caught:
        xtts_language(tag, KNOWN)
    assert caught.value.reason == "unknown_language"


def test_torch_is_not_imported_before_an_engine_is_loaded() -> None:
    code = "import sys, gpu_service.engine; sys.exit('torch' in sys.modules or 'TTS' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
