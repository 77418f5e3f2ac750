"""Import time of each handler against the bare import of the libraries that it cannot do without."""

import subprocess
import sys
from statistics import median

_ROUNDS = 11
_PLAIN = "pydantic, aws_lambda_powertools"
_SETTINGS = "pydantic_settings"
NEEDS = {
    "functions.rest_api.handler": (f"fastapi, mangum, {_PLAIN}", f"{_SETTINGS}, pydantic.v1"),  # the first route
    "functions.websocket_api.handler": (_PLAIN, _SETTINGS),
    "functions.authorizer.handler": (_PLAIN, _SETTINGS),
    "functions.piper_voice.handler": (_PLAIN, _SETTINGS),
    "functions.job_results.handler": (_PLAIN, _SETTINGS),
    "functions.job_deadlines.handler": (_PLAIN, _SETTINGS),
}
"""A handler, what it cannot do without, and what that loads with its first use."""


def run(_: list[str]) -> None:
    """Print medians over fresh interpreters, taken in turn."""
    for handler, (libraries, besides) in NEEDS.items():
        names = (libraries, f"{libraries}, {besides}", handler)
        rounds = [[_seconds(each) for each in names] for _ in range(_ROUNDS)]
        bare, needed, ours = (median(column) for column in zip(*rounds, strict=True))
        print(f"{handler}: {ours * 1000:.0f} ms")
        print(f"  {libraries}: {bare * 1000:.0f} ms, ratio {ours / bare:.2f}")
        print(f"  … and {besides}: {needed * 1000:.0f} ms, ratio {ours / needed:.2f}")


def _seconds(names: str) -> float:
    code = f"import time; t = time.perf_counter()\nimport {names}\nprint(time.perf_counter() - t)"
    command = [sys.executable, "-W", "ignore", "-c", code]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
