"""What can be turned, and what else could be chosen: each as another month, or a price beside the bill."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from infra.costs.bill import Prices, gpu_extras
from infra.costs.month import HOURS_A_MONTH, Month

_GB = 2**30


@dataclass(frozen=True, slots=True)
class Lever:
    """Something to turn: ``turn`` gives the month as it would be."""

    name: str
    turn: Callable[[Month], Month]


def _using(**figures: float) -> Callable[[Month], Month]:
    return lambda month: replace(month, usage=month.usage.but(**figures))


def _untraced(month: Month) -> Month:
    return replace(month, profile=replace(month.profile, is_traced=False))


def _without_snapshots(month: Month) -> Month:
    return replace(month, profile=replace(month.profile, has_snap_start=False))


LEVERS: Sequence[Lever] = (
    Lever("X-Ray off (`Tracing: PassThrough`)", _untraced),
    Lever("SnapStart off (cold starts of seconds are back)", _without_snapshots),
    Lever("the bot sends every two seconds", _using(danmu_requests_per_s=0.5)),
    Lever("nobody leaves a console open", _using(console_share=0)),
    Lever(
        "only warnings in the log (`DANMU_TTS_LOGGING__LEVEL=WARNING`)",
        _using(log_bytes_per_message=0, log_bytes_per_request=0, log_bytes_per_utterance=0),
    ),
    Lever(
        "no metrics of ours (`DANMU_TTS_METRICS__EMF=off`)", _using(emf_bytes_per_request=0, emf_bytes_per_utterance=0)
    ),
    Lever("`LogRetentionDays: 3`", _using(log_retention_days=3)),
    Lever("no audio in S3 (`DANMU_TTS_CACHE__TIERS=memory,redis`)", _using(s3_puts_per_utterance=0)),
)


@dataclass(frozen=True, slots=True)
class Option:
    """Something that the bill has not, in US dollars a month."""

    profile: str
    name: str
    prices: tuple[str, ...]
    usd: Callable[[Month, Prices], float]


def nat(month: Month, prices: Prices) -> float:
    """A gateway to the internet for what is in the network, and its address."""
    gb = month.made * month.of("edge_bytes_per_utterance") / _GB
    hourly = prices["nat_hour"].usd(HOURS_A_MONTH) + prices["ipv4_hour"].usd(HOURS_A_MONTH)
    return hourly + prices["nat_gb"].usd(gb)


def _endpoints(month: Month, prices: Prices) -> float:
    return prices["endpoint_hour"].usd(month.of("endpoints") * HOURS_A_MONTH)


def _on_demand(month: Month, prices: Prices) -> float:
    return prices["g4dn_xlarge_hour"].usd(month.gpu_h) - prices["g4dn_xlarge_spot_hour"].usd(month.gpu_h)


def _sagemaker(month: Month, prices: Prices) -> float:
    ecs = prices["g4dn_xlarge_spot_hour"].usd(month.gpu_h) + gpu_extras(month, prices)
    image = prices["ecr_gb_month"].usd(month.of("gpu_image_gb"))
    return prices["ml_g4dn_xlarge_hour"].usd(month.gpu_h) + image - ecs


OPTIONS: Sequence[Option] = (
    Option("standard", "Edge, Azure or OpenAI: a NAT gateway", ("nat_hour", "ipv4_hour", "nat_gb"), nat),
    Option("standard", "`PrivateEndpoints: true`", ("endpoint_hour",), _endpoints),
    Option("gpu", "`GpuSpot: false`", ("g4dn_xlarge_hour",), _on_demand),
    Option("gpu", "`Gpu: sagemaker`", ("ml_g4dn_xlarge_hour",), _sagemaker),
)


def vm_cores(month: Month) -> float:
    """Cores that machines of one's own need at the busiest time, with Piper's voices."""
    live = month.live_s / 3600 / month.up_h
    return max(1.0, live * (month.of("vm_peak") if month.rooms > 1 else 1)) * month.of("vm_cores_per_live_room")


def paid_voices_usd_an_hour(month: Month, usd_per_million_chars: float, chars_per_character: float) -> float:
    """Of one live room, by list price."""
    new = month.of("utterances_per_s") * 3600 * (1 - month.of("cache_hit_ratio"))
    return new * month.of("danmu_characters") * chars_per_character * usd_per_million_chars / 1e6


def live_rooms_at_once(month: Month) -> dict[str, float]:
    """How many the template's own limits let be live at the same time, by what says so."""
    in_per_s = month.messages_in / month.live_s
    calls_per_s = in_per_s + month.requests / month.live_s
    return {
        "the WebSocket API's `ThrottlingRateLimit`": month.of("throttle_per_s") / in_per_s,
        "the HTTP API's": month.of("throttle_per_s") * month.live_s / month.requests,
        "the cache's `ECPUPerSecond`": month.of("cache_most_ecpu_per_s")
        / (calls_per_s * month.of("ecpu_per_invocation")),
        "`GpuMost: 20`": month.of("gpu_most")
        * month.of("gpu_lines_per_s")
        * month.of("gpu_busy_share")
        / (month.made / month.live_s),
    }
