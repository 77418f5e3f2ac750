"""Run all benchmarks, or those named: ``python -m benchmarks throughput --lines chat.jsonl``."""

import argparse
from pathlib import Path

from benchmarks import (
    admission,
    cache_hit,
    engine_threads,
    failover,
    first_audio,
    imports,
    lambda_runtime,
    reading,
    shared_cache_hit,
    startup,
    throughput,
    websocket_connections,
    websocket_first_audio,
    xtts_express,
)
from benchmarks.lines import load_lines

_ALL = {
    "admission": admission.run,
    "imports": imports.run,
    "reading": reading.run,
    "startup": startup.run,
    "first_audio": first_audio.run,
    "websocket_first_audio": websocket_first_audio.run,
    "engine_threads": engine_threads.run,
    "cache_hit": cache_hit.run,
    "shared_cache_hit": shared_cache_hit.run,
    "websocket_connections": websocket_connections.run,
    "throughput": throughput.run,
    "failover": failover.run,
    "xtts_express": xtts_express.run,
    "lambda_runtime": lambda_runtime.run,
}


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*_ALL, []], help="which ones; all when none is named")
    parser.add_argument(
        "--lines", type=Path, help="chat to speak: one line of text, or of JSON with a field text, each"
    )
    parser.add_argument("--count", type=int, default=200, help="how many different lines")
    options = parser.parse_args()
    lines = load_lines(options.lines, options.count)
    for name in options.names or _ALL:
        print(f"\n== {name}", flush=True)
        _ALL[name](lines)


main()
