"""Import time of each handler against the bare import of the libraries that it cannot do without."""

import subprocess
import sys
from statistics import median

_ROUNDS = 11
_BARE = "fastapi, mangum, pydantic, aws_lambda_powertools"
_NEEDED = f"{_BARE}, pydantic_settings, pydantic.v1"  # FastAPI itself loads pydantic.v1 with the first route
_HANDLERS = ("functions.rest_api.handler",)


def run(_: list[str]) -> None:
    """Print medians over fresh interpreters, taken in turn."""
    for handler in _HANDLERS:
        rounds = [[_seconds(names) for names in (_BARE, _NEEDED, handler)] for _ in range(_ROUNDS)]
        bare, needed, ours = (median(column) for column in zip(*rounds, strict=True))
        print(f"{handler}: {ours * 1000:.0f} ms")
        print(f"  {_BARE}: {bare * 1000:.0f} ms, ratio {ours / bare:.2f}")
        print(f"  … and pydantic_settings, pydantic.v1: {needed * 1000:.0f} ms, ratio {ours / needed:.2f}")


def _seconds(names: str) -> float:
    code = f"import time; t = time.perf_counter()\nimport {names}\nprint(time.perf_counter() - t)"
    command = [sys.executable, "-W", "ignore", "-c", code]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
