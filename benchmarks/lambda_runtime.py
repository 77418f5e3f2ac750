"""The built functions in Lambda's own runtime: how long a cold start takes, and a warm request, and on how much memory.

Beside each: a handler with nothing in it, over the bare libraries that ours cannot do without. ``make test-aws`` makes
what this needs. Lambda gives a function a processor's share by its memory, all of one at 1769 MB, and to a process that
starts all of one at any size; the last table says what the seconds of a processor measured here take at each size.
https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
"""

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median
from threading import Lock
from typing import Any

import pytest

from benchmarks.imports import NEEDS
from speech_contract.piper import SpeakPiper
from tests.builders.bucket_key import key_in_bucket
from tests.builders.http_event import http_event
from tests.builders.lambda_cases import VOICE, Case, cases
from tests.fakes.lambda_api import FakeLambda
from tests.servers.artifacts import BUILT, PIPER_NAME, Artifact, artifacts, lambdas_python, needs_what_runs_here
from tests.servers.lambda_runtime import LambdaRuntime
from tests.servers.redis_server import RedisServer
from tests.servers.s3_server import BUCKET, ENVIRONMENT, S3Server

_COLD_ROUNDS, _WARM_CALLS, _IMPORT_ROUNDS = 5, 50, 7
_SIZES_MB = (512, 1024, 1769, 3008)
_WHOLE_PROCESSOR_MB = 1769
_LINES = [f"this is awesome {number}" for number in range(21)]
_INIT = re.compile(r"INIT REPORT\(durationMs: ([\d.]+)\)")
_FIRST = re.compile(r"INVOKE RTDONE\(.*duration: ([\d.]+)ms")
_BARE = "import {names}\n\ndef handler(event, context):\n    return {{}}\n"

Environment = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Cold:
    """A process and its first event, in milliseconds: until the answer, what of it came before the event, the rest, and
    the processor's time for all of it."""

    answer_ms: float
    init_ms: float
    event_ms: float
    cpu_ms: float


@dataclass(frozen=True, slots=True)
class Taken:
    """An event, in milliseconds: until the answer, and those of a processor."""

    answer_ms: float
    cpu_ms: float

    def at(self, size_mb: int) -> float:
        """Until the answer on a function of that size: waiting stays, and the processor's time grows."""
        threads = max(1.0, self.cpu_ms / self.answer_ms)
        waiting_ms = max(0.0, self.answer_ms - self.cpu_ms)
        return waiting_ms + self.cpu_ms / min(size_mb / _WHOLE_PROCESSOR_MB, threads)


@dataclass(frozen=True, slots=True)
class Warm:
    """The first event of a kind in a process, the median of later ones, and the most memory so far."""

    first: Taken
    later: Taken
    peak_mb: float


@dataclass(frozen=True, slots=True)
class Bench:
    """What every function finds."""

    scratch: Path
    key: str
    redis_url: str
    s3_url: str

    def environment(self, artifact: Artifact, **more: str) -> dict[str, str]:
        """Of a function's process."""
        return artifact.environment(redis_url=self.redis_url, AWS_ENDPOINT_URL=self.s3_url, **more)

    @contextmanager
    def runtime(self, task: Path, handler: str, environment: Environment) -> Iterator[LambdaRuntime]:
        """One process, of the code in ``task``, until the block ends."""
        folder = Path(tempfile.mkdtemp(dir=self.scratch))
        with LambdaRuntime(folder, task, handler, environment) as started:
            yield started


def run(_: list[str]) -> None:
    """Print the tables."""
    try:
        needs_what_runs_here()
        lambdas_python()
    except pytest.skip.Exception as missing:
        print(f"left out: {missing}")
        return
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=BUILT.parents[1])))
        for name in ("redis", "s3"):
            (scratch / name).mkdir()
        redis = stack.enter_context(RedisServer(scratch / "redis"))
        s3 = stack.enter_context(S3Server(scratch / "s3"))
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        for name, value in {**ENVIRONMENT, "AWS_ENDPOINT_URL": s3.url}.items():
            patch.setenv(name, value)
        bench = Bench(scratch, key_in_bucket(BUCKET, scratch), redis.url, s3.url)
        _print_imports(bench)
        _print_runs(bench)
        _print_compiled(bench)


def _print_imports(bench: Bench) -> None:
    """Import alone, in fresh interpreters in turn: what is made at a start beyond it is left out."""
    print("| import | ms | bare libraries ms | ratio |\n|---|---:|---:|---:|")
    for artifact in artifacts().values():
        module = artifact.handler.rpartition(".")[0]
        given = bench.environment(artifact)
        del given["AWS_LAMBDA_FUNCTION_NAME"]
        names = (module, ", ".join(NEEDS[module]))
        rounds = [[_import_ms(each, artifact.folder, given) for each in names] for _ in range(_IMPORT_ROUNDS)]
        ours, bare = (median(column) for column in zip(*rounds, strict=True))
        print(f"| {artifact.name} | {ours:.0f} | {bare:.0f} | {ours / bare:.2f} |", flush=True)


def _import_ms(names: str, folder: Path, environment: Environment) -> float:
    code = f"import time; t = time.perf_counter()\nimport {names}\nprint((time.perf_counter() - t) * 1000)"
    command = [str(lambdas_python()), "-W", "ignore", "-c", code]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout)


def _print_runs(bench: Bench) -> None:
    print("\n| function | cold ms: answer | init | first event | cpu | bare: answer | init | peak MB |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    warm: dict[str, Warm] = {}
    for artifact in artifacts().values():
        colds: list[Cold] = []
        bares: list[Cold] = []
        for _ in range(_COLD_ROUNDS):
            bares.append(_bare(bench, artifact))
            cold, by_event = _ours(bench, artifact, warm=len(colds) == _COLD_ROUNDS - 1)
            colds.append(cold)
        ours, bare = _middle(colds), _middle(bares)
        print(
            f"| {artifact.name} | {ours.answer_ms:.0f} | {ours.init_ms:.0f} | {ours.event_ms:.0f} | {ours.cpu_ms:.0f} "
            f"| {bare.answer_ms:.0f} | {bare.init_ms:.0f} | {max(each.peak_mb for each in by_event.values()):.0f} |",
            flush=True,
        )
        warm |= {f"{artifact.name}: {name}": each for name, each in by_event.items()}
    _print_sizes(warm)


def _print_sizes(warm: Mapping[str, Warm]) -> None:
    sizes = "".join(f" {size} MB |" for size in _SIZES_MB)
    print(f"\n| event: the first / later ones | ms | cpu ms |{sizes}")
    print("|---|---:|---:|" + "---:|" * len(_SIZES_MB))
    for name, each in warm.items():
        both = (each.first, each.later)
        cells = [[taken.answer_ms for taken in both], [taken.cpu_ms for taken in both]]
        cells += [[taken.at(size) for taken in both] for size in _SIZES_MB]
        print(f"| {name} |" + "".join(f" {first:.0f} / {later:.1f} |" for first, later in cells))


def _print_compiled(bench: Bench) -> None:
    """What compiled modules save: the same files without them, in turn."""
    artifact = artifacts()["RestApiFunction"]
    first = cases(artifact.package, bench.key)[0]
    compiled = (artifact.folder, *artifact.layer_folders)
    plain = tuple(_without_compiled(each, bench.scratch) for each in compiled)
    rounds: dict[str, list[Cold]] = {"with": [], "without": []}
    for _ in range(_COLD_ROUNDS):
        for (task, *layers), taken in zip((compiled, plain), rounds.values(), strict=True):
            given = bench.environment(artifact, PYTHONPATH=os.pathsep.join(map(str, reversed(layers))))
            with bench.runtime(task, artifact.handler, given) as runtime:
                taken.append(_cold(runtime, first))
    print("\n| RestApiFunction | cold ms: answer | cpu |\n|---|---:|---:|")
    for name, taken in rounds.items():
        middle = _middle(taken)
        print(f"| {name} compiled modules | {middle.answer_ms:.0f} | {middle.cpu_ms:.0f} |")


def _without_compiled(folder: Path, scratch: Path) -> Path:
    place = scratch / "plain" / folder.parent.name / folder.name
    shutil.copytree(folder, place, copy_function=os.link, ignore=shutil.ignore_patterns("__pycache__"))
    return place


def _ours(bench: Bench, artifact: Artifact, *, warm: bool) -> tuple[Cold, dict[str, Warm]]:
    case = cases(artifact.package, bench.key)[0]
    with ExitStack() as stack:
        more = {}
        if warm and artifact.package == "rest_api":
            piper = artifacts()["PiperVoiceFunction"]
            own = bench.environment(piper)
            speaker = stack.enter_context(bench.runtime(piper.folder, piper.handler, own))
            more["AWS_ENDPOINT_URL_LAMBDA"] = stack.enter_context(_one_at_a_time(speaker)).url
        given = bench.environment(artifact, **more)
        runtime = stack.enter_context(bench.runtime(artifact.folder, artifact.handler, given))
        cold = _cold(runtime, case)
        return cold, _warm(runtime, cold, _later(artifact, case, bench.key)) if warm else {}


def _one_at_a_time(callee: LambdaRuntime) -> FakeLambda:
    """What calls a function whose process serves one event; AWS starts as many as it takes."""
    turn = Lock()

    def invoke(event: Any, context: Any) -> Any:
        with turn:
            return callee.invoke(event)

    return FakeLambda({PIPER_NAME: invoke})


def _bare(bench: Bench, artifact: Artifact) -> Cold:
    task = Path(tempfile.mkdtemp(dir=bench.scratch))
    names = ", ".join(NEEDS[artifact.handler.rpartition(".")[0]])
    (task / "bare.py").write_text(_BARE.format(names=names))
    with bench.runtime(task, "bare.handler", bench.environment(artifact)) as runtime:
        return _cold(runtime, Case({}, lambda answer: None))


def _later(artifact: Artifact, first: Case, key: str) -> dict[str, list[Case]]:
    """What a warm process is asked, by name."""
    if artifact.package == "piper_voice":
        return {"a line": [Case(SpeakPiper(text=line, voice=VOICE).model_dump(), first.check) for line in _LINES]}
    if artifact.package != "rest_api":
        return {"the first again": [first] * _WARM_CALLS}

    def is_spoken(answer: Any) -> None:
        assert answer["statusCode"] == 200, answer

    def ask(line: str) -> Case:
        body = {"model": "auto", "input": line, "voice": f"piper:{VOICE}"}
        event = http_event("POST", "/v1/audio/speech", body, headers={"authorization": f"Bearer {key}"})
        return Case(event, is_spoken)

    return {
        "health": [first] * _WARM_CALLS,
        "a new line, by Piper's function": [ask(line) for line in _LINES],
        "a line that was spoken before": [ask(_LINES[0])] * _WARM_CALLS,
    }


def _cold(runtime: LambdaRuntime, case: Case) -> Cold:
    began = time.perf_counter()
    answer = runtime.invoke(case.event)
    answer_ms = (time.perf_counter() - began) * 1000
    case.check(answer)
    init, event = (float(each.findall(runtime.log)[0]) for each in (_INIT, _FIRST))
    return Cold(answer_ms, init, event, _cpu_ms(runtime))


def _warm(runtime: LambdaRuntime, cold: Cold, events: Mapping[str, list[Case]]) -> dict[str, Warm]:
    found = {}
    for number, (name, cases_of_it) in enumerate(events.items()):
        taken = [_taken(runtime, case) for case in cases_of_it]
        # What began the process has no figure of its own for the processor, which it hardly waits for anything but.
        first = taken[0] if number else Taken(cold.event_ms, cold.event_ms)
        later = Taken(median(each.answer_ms for each in taken[1:]), mean(each.cpu_ms for each in taken[1:]))
        found[name] = Warm(first, later, _peak_mb(runtime))
    return found


def _taken(runtime: LambdaRuntime, case: Case) -> Taken:
    began, cpu_ms = time.perf_counter(), _cpu_ms(runtime)
    answer = runtime.invoke(case.event)
    answer_ms = (time.perf_counter() - began) * 1000
    case.check(answer)
    return Taken(answer_ms, _cpu_ms(runtime) - cpu_ms)


def _middle(rounds: list[Cold]) -> Cold:
    """The median round."""
    return sorted(rounds, key=lambda each: each.answer_ms)[len(rounds) // 2]


def _cpu_ms(runtime: LambdaRuntime) -> float:
    times = runtime.runtime.cpu_times()
    return (times.user + times.system) * 1000


def _peak_mb(runtime: LambdaRuntime) -> float:
    status = Path(f"/proc/{runtime.runtime.pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found
    return int(found[1]) / 1024
