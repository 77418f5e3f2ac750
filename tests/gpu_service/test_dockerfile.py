"""The container has what the Makefile installs; they are two lists of the same versions."""

import re
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_PIN = re.compile(r"\b(torch|torchaudio|torchcodec)==([\d.]+)")


def test_torch_is_the_version_that_is_tested() -> None:
    makefile = dict(_PIN.findall((_ROOT / "Makefile").read_text("utf-8")))
    assert dict(_PIN.findall((_ROOT / "gpu_service/Dockerfile").read_text("utf-8"))) == makefile


def test_it_copies_only_what_the_build_may_see() -> None:
    copied = re.findall(r"^COPY (?!--from)(\S+)", (_ROOT / "gpu_service/Dockerfile").read_text("utf-8"), re.MULTILINE)
    seen = re.findall(r"^!(\S+)", (_ROOT / "gpu_service/Dockerfile.dockerignore").read_text("utf-8"), re.MULTILINE)
    assert set(copied) == set(seen)
