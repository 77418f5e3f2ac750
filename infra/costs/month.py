"""How much of everything a month of rooms uses."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files

HOURS_A_MONTH = 730
_DAYS_A_MONTH = HOURS_A_MONTH / 24
_FILES = files("infra.costs")
_GB = 2**30


@dataclass(frozen=True, slots=True)
class Profile:
    """One of template.yaml's."""

    name: str
    has_cache: bool = False
    has_gpu: bool = False
    has_snap_start: bool = False
    is_traced: bool = False


PROFILES = (
    Profile("cheap"),
    Profile("standard", has_cache=True, has_snap_start=True, is_traced=True),
    Profile("gpu", has_cache=True, has_gpu=True, has_snap_start=True, is_traced=True),
)
SNAP_STARTED = ("rest_api", "websocket_api")


@dataclass(frozen=True, slots=True)
class Usage:
    """usage.json: ``figures`` by name, a function's memory in MB, how many series each metric comes to."""

    figures: Mapping[str, float]
    memory_mb: Mapping[str, int]
    metric_series: Mapping[str, int]
    gpu_metric_series: Mapping[str, int]

    def but(self, **figures: float) -> "Usage":
        """The same with some figures changed."""
        return Usage({**self.figures, **figures}, self.memory_mb, self.metric_series, self.gpu_metric_series)


def load_usage() -> Usage:
    """Read usage.json."""
    found = json.loads((_FILES / "usage.json").read_text("utf-8"))
    figures = {name: float(each["value"]) for name, each in found["usage"].items()}
    return Usage(figures, found["memory_mb"], found["metric_series"], found["gpu_metric_series"])


@dataclass(frozen=True)
class Month:
    """Counts, bytes and hours of so many rooms, under a profile. ``up_h``: hours in which any of them is live."""

    profile: Profile
    rooms: int
    usage: Usage

    def of(self, name: str) -> float:
        """A figure of usage.json."""
        return self.usage.figures[name]

    @cached_property
    def live_s(self) -> float:
        """Seconds of all rooms together."""
        return self.rooms * self.of("evenings_a_month") * self.of("hours_an_evening") * 3600

    @cached_property
    def up_h(self) -> float:
        """See the class."""
        return min(self.live_s / 3600, self.of("busy_hours_a_day") * _DAYS_A_MONTH)

    @cached_property
    def requests(self) -> float:
        """HTTP requests of bots."""
        return self.live_s * self.of("danmu_requests_per_s")

    @cached_property
    def page_requests(self) -> float:
        """HTTP requests of pages: an overlay an evening."""
        return self.rooms * self.of("evenings_a_month") * self.of("page_requests")

    @cached_property
    def spoken(self) -> float:
        """Utterances heard."""
        return self.live_s * self.of("utterances_per_s")

    @cached_property
    def made(self) -> float:
        """Utterances that were in no cache."""
        return self.spoken * (1 - self.of("cache_hit_ratio"))

    @cached_property
    def jobs(self) -> float:
        """Utterances that a GPU makes."""
        return self.made if self.profile.has_gpu else 0

    @cached_property
    def by_piper(self) -> float:
        """Utterances that Piper makes: all new ones, or those that a GPU is late with."""
        return self.jobs * self.of("gpu_late_share") if self.profile.has_gpu else self.made

    @cached_property
    def ready(self) -> float:
        """Messages of players that ask or say that they are there. Each has one answer."""
        return self.live_s * self.of("ready_per_s") + self.spoken * self.of("ready_per_utterance")

    @cached_property
    def messages_in(self) -> float:
        """WebSocket messages received."""
        console = self.live_s * self.of("console_share") * self.of("console_messages_in_per_s")
        return self.ready + self.spoken * self.of("played_per_utterance") + console

    @cached_property
    def messages_out(self) -> float:
        """WebSocket messages sent, all shorter than 32 KB."""
        return self.ready + self.live_s * self.of("console_share") * self.of("console_messages_out_per_s")

    @cached_property
    def connection_minutes(self) -> float:
        """Of players and consoles."""
        return self.live_s / 60 * (1 + self.of("console_share"))

    @cached_property
    def invocations(self) -> Mapping[str, float]:
        """By function. Connecting asks the authoriser once, and begins and ends by one invocation each."""
        connections = self.connection_minutes / self.of("connection_minutes")
        return {
            "authorizer": self.requests + connections,
            "rest_api": self.requests + self.page_requests,
            "websocket_api": self.messages_in + 2 * connections,
            "piper_voice": self.by_piper * self.of("piper_calls_per_utterance"),
            "job_results": self.jobs,
            "job_deadlines": self.jobs,
        }

    @cached_property
    def busy_s(self) -> Mapping[str, float]:
        """Seconds billed, by function, without starts."""
        calls = self.invocations
        wait_ms = self.of("ms_wait_gpu" if self.profile.has_gpu else "ms_wait_piper")
        others = calls["websocket_api"] - self.ready
        return {
            "authorizer": calls["authorizer"] * self.of("ms_authorizer") / 1000,
            "rest_api": calls["rest_api"] * self.of("ms_danmu") / 1000,
            "websocket_api": (self.ready * self.of("ms_ready") + others * self.of("ms_played") + self.made * wait_ms)
            / 1000,
            "piper_voice": self.by_piper * self.of("ms_piper") / 1000,
            "job_results": calls["job_results"] * self.of("ms_job_result") / 1000,
            "job_deadlines": calls["job_deadlines"] * self.of("ms_job_deadline") / 1000,
        }

    @cached_property
    def environments(self) -> Mapping[str, float]:
        """How many of each function there are while somebody is live."""
        least, peak = self.of("environments_least"), self.of("environments_peak")
        return {
            name: max(least, peak * busy_s / (self.up_h * 3600)) if busy_s else 0
            for name, busy_s in self.busy_s.items()
        }

    @cached_property
    def starts(self) -> Mapping[str, float]:
        """Of environments, by function."""
        return {name: each * self.up_h / self.of("environment_hours") for name, each in self.environments.items()}

    def memory_gb(self, function: str) -> float:
        """What a function is billed for each second."""
        return self.usage.memory_mb[function] / 1024

    @cached_property
    def gb_s(self) -> float:
        """Lambda's, with the starts that SnapStart does not spare."""
        init_s = self.of("ms_init") / 1000
        total = 0.0
        for name, busy_s in self.busy_s.items():
            is_spared = self.profile.has_snap_start and name in SNAP_STARTED
            total += self.memory_gb(name) * (busy_s + (0 if is_spared else self.starts[name] * init_s))
        return total

    @cached_property
    def log_gb(self) -> float:
        """Lines of Lambda, of API Gateway and of ours, metrics among them."""
        per_request = sum(self.of(f"{name}_bytes_per_request") for name in ("log", "access_log", "emf"))
        per_utterance = self.of("log_bytes_per_utterance") + self.of("emf_bytes_per_utterance")
        return (
            self.requests * per_request
            + self.messages_in * self.of("log_bytes_per_message")
            + self.spoken * per_utterance
            + sum(self.invocations.values()) * self.of("log_bytes_per_invocation")
        ) / _GB

    @cached_property
    def traces(self) -> float:
        """What X-Ray records where each function begins a trace: the first of a second and 5 % of all others."""
        first = ("authorizer", "rest_api", "websocket_api", "job_results", "job_deadlines")
        seconds = self.up_h * 3600
        return sum(min(seconds, n) + 0.05 * max(0.0, n - seconds) for n in (self.invocations[each] for each in first))

    @cached_property
    def cache_gb(self) -> float:
        """Audio in Redis, on average."""
        share = self.of("redis_audio_hours") / HOURS_A_MONTH
        gb = self.made * self.audio_bytes / _GB * min(1.0, share)
        return min(self.of("cache_most_gb"), max(self.of("cache_least_gb"), gb))

    @property
    def audio_bytes(self) -> float:
        """Of an utterance, as it is stored."""
        return self.of("speech_s_per_utterance") * self.of("audio_bytes_per_speech_s")

    @cached_property
    def stored_gb(self) -> float:
        """In S3, on average."""
        audio = self.made * self.audio_bytes / _GB * self.of("s3_audio_days") / _DAYS_A_MONTH
        return audio + (self.of("gpu_model_gb") if self.profile.has_gpu else 0)

    @cached_property
    def out_gb(self) -> float:
        """To the internet."""
        per_s = (
            self.of("utterances_per_s") * self.of("speech_s_per_utterance") * self.of("bytes_per_speech_s")
            + self.of("other_bytes_per_s")
            + self.of("console_share") * self.of("console_bytes_per_s")
        )
        pages = self.rooms * self.of("evenings_a_month") * self.of("page_bytes")
        return (self.live_s * per_s + pages) / _GB

    @cached_property
    def gpus(self) -> float:
        """At work on average while somebody is live; one at least."""
        if not self.jobs:
            return 0
        needed = self.jobs / (self.up_h * 3600) / (self.of("gpu_lines_per_s") * self.of("gpu_busy_share"))
        return max(1.0, needed)

    @cached_property
    def gpu_h(self) -> float:
        """Hours of GPU machines, idle ones and starting ones included."""
        days = min(self.rooms * self.of("evenings_a_month"), _DAYS_A_MONTH)
        return self.gpus * (self.up_h + days * self.of("gpu_idle_h"))
