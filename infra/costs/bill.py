"""What a month's usage costs, term by term."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

from infra.costs.month import HOURS_A_MONTH, SNAP_STARTED, Month


@dataclass(frozen=True, slots=True)
class Price:
    """A line of prices.json. ``tiers``: up to how many a month, and US dollars each; ``free``: so many cost nothing."""

    unit: str
    tiers: Sequence[tuple[float | None, float]]
    free: float
    source: str
    read: str
    note: str = ""

    def __str__(self) -> str:
        """As a document shows it: linked to where it was read, by the million where one costs next to nothing."""
        is_tiny = self.tiers[0][1] < 1e-3
        amounts = ", then ".join(f"{usd * (1e6 if is_tiny else 1):.6g}" for _, usd in self.tiers)
        free = f"; {self.free:,.0f} free" if self.free else ""
        return f"[{amounts}]({self.source}) {'a million ' if is_tiny else ''}{self.unit}{free}"

    def usd(self, quantity: float) -> float:
        """For so many in one month."""
        left, done, total = max(0.0, quantity - self.free), 0.0, 0.0
        for up_to, usd in self.tiers:
            part = left if up_to is None else min(left, up_to - done)
            total, left, done = total + part * usd, left - part, done + part
        return total


Prices = Mapping[str, Price]


def load_prices() -> tuple[str, Prices]:
    """prices.json: of when, and each by its name."""
    found = json.loads((files("infra.costs") / "prices.json").read_text("utf-8"))
    return found["as_of"], {name: Price(**each) for name, each in found["prices"].items()}


def _snapshots(month: Month) -> float:
    if not month.profile.has_snap_start:
        return 0
    gb = sum(month.memory_gb(name) for name in SNAP_STARTED)
    return gb * HOURS_A_MONTH * 3600


def _restored_gb(month: Month) -> float:
    if not month.profile.has_snap_start:
        return 0
    return sum(month.memory_gb(name) * month.starts[name] for name in SNAP_STARTED)


def _kept_log_gb(month: Month) -> float:
    months = month.of("log_retention_days") * 24 / HOURS_A_MONTH
    return month.log_gb * month.of("log_compression") * months


def _metrics(month: Month) -> float:
    usage, has_gpu = month.usage, month.profile.has_gpu
    count = sum(n for name, n in usage.metric_series.items() if has_gpu or not name.startswith("tts_job"))
    return (count + (sum(usage.gpu_metric_series.values()) if has_gpu else 0)) * month.up_h / HOURS_A_MONTH


def _s3_requests(month: Month, prices: Prices) -> float:
    readers = ("authorizer", "rest_api", "websocket_api")
    key_reads = sum(month.environments[name] for name in readers) * month.up_h * 3600 * month.of("key_reads_per_s")
    puts = month.made * month.of("s3_puts_per_utterance") + month.jobs
    gets = month.made * month.of("s3_gets_per_utterance") + month.jobs + key_reads
    return prices["s3_put"].usd(puts) + prices["s3_get"].usd(gets)


def _cache(month: Month, prices: Prices) -> float:
    if not month.profile.has_cache:
        return 0
    return prices["cache_gb_hour"].usd(month.cache_gb * HOURS_A_MONTH)


def _ecpus(month: Month, prices: Prices) -> float:
    calls = sum(n for name, n in month.invocations.items() if name not in ("authorizer", "piper_voice"))
    return prices["cache_ecpu"].usd(calls * month.of("ecpu_per_invocation")) if month.profile.has_cache else 0


def _hosted_redis(month: Month, _: Prices) -> float:
    return 0 if month.profile.has_cache else month.of(f"redis_usd_{month.rooms or 1}")


def _queues(month: Month, prices: Prices) -> float:
    if not month.profile.has_gpu:
        return 0
    polls = month.of("sqs_idle_requests") + month.gpu_h * 3600 * month.of("gpu_polls_per_s")
    fair = prices["sqs_fair_request"].usd(month.jobs * month.of("sqs_fair_requests_per_job"))
    return fair + prices["sqs_request"].usd(month.jobs * month.of("sqs_requests_per_job") + polls)


def gpu_extras(month: Month, prices: Prices) -> float:
    """Disk and address of GPU machines by the hour, and the image in its registry."""
    if not month.profile.has_gpu:
        return 0
    disk = prices["gp3_gb_month"].usd(month.of("gpu_disk_gb") * month.gpu_h / HOURS_A_MONTH)
    return disk + prices["ipv4_hour"].usd(month.gpu_h) + prices["ecr_gb_month"].usd(month.of("gpu_image_gb"))


TERMS: Mapping[str, Callable[[Month, Prices], float]] = {
    "Lambda requests": lambda m, p: p["lambda_request"].usd(sum(m.invocations.values())),
    "Lambda GB-s": lambda m, p: p["lambda_gb_s"].usd(m.gb_s),
    "SnapStart, snapshots kept": lambda m, p: p["snap_start_cache"].usd(_snapshots(m)),
    "SnapStart, restores": lambda m, p: p["snap_start_restore"].usd(_restored_gb(m)),
    "HTTP API": lambda m, p: p["http_request"].usd(m.requests + m.page_requests),
    "WebSocket messages": lambda m, p: p["websocket_message"].usd(m.messages_in + m.messages_out),
    "WebSocket connections": lambda m, p: p["websocket_minute"].usd(m.connection_minutes),
    "Data to the internet": lambda m, p: p["out_gb"].usd(m.out_gb),
    "Logs, ingested": lambda m, p: p["log_gb"].usd(m.log_gb),
    "Logs, kept": lambda m, p: p["log_gb_month"].usd(_kept_log_gb(m)),
    "Custom metrics": lambda m, p: p["metric"].usd(_metrics(m)),
    "Alarms": lambda m, p: p["alarm_metric"].usd(m.of(f"alarms_{m.profile.name}")),
    "X-Ray traces": lambda m, p: p["trace"].usd(m.traces) if m.profile.is_traced else 0,
    "S3 requests": _s3_requests,
    "S3 storage": lambda m, p: p["s3_gb_month"].usd(m.stored_gb),
    "Secret": lambda _, p: p["secret"].usd(1),
    "ElastiCache, stored": _cache,
    "ElastiCache, ECPUs": _ecpus,
    "Redis elsewhere": _hosted_redis,
    "SQS": _queues,
    "GPUs on Spot": lambda m, p: p["g4dn_xlarge_spot_hour"].usd(m.gpu_h),
    "GPUs' disk, address, image": gpu_extras,
}
"""The lines of a bill: US dollars of a month. What each multiplies is in terms.json."""


def total(month: Month, prices: Prices) -> float:
    """All terms together, US dollars."""
    return sum(usd(month, prices) for usd in TERMS.values())
