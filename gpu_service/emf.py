"""CloudWatch's embedded metric format: a line of JSON on standard output, which costs no call.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
from collections.abc import Mapping
from typing import TextIO

from gpu_service.clock import Clock
from gpu_service.metrics import OK, BatchFigures

NAMESPACE = "DanmuTTS"

METRICS: Mapping[str, tuple[str, tuple[tuple[str, ...], ...]]] = {
    "GpuJobsSpoken": ("Count", ((),)),
    "GpuJobsExpired": ("Count", ((),)),
    "GpuJobsFailed": ("Count", ((),)),
    "GpuBatchRows": ("Count", ((),)),
    "GpuInferenceSeconds": ("Seconds", ((),)),
    "GpuAudioSeconds": ("Seconds", ((),)),
}
"""Name to unit and sets of dimensions, as the functions' own table has them."""


class EmbeddedMetrics:
    """Writes one line a batch."""

    def __init__(self, out: TextIO, clock: Clock) -> None:
        self._out = out
        self._clock = clock

    def batch_made(self, figures: BatchFigures) -> None:
        """Write what it took."""
        spoken, expired = figures.outcomes.get(OK, 0), figures.outcomes.get("expired", 0)
        values: dict[str, float] = {
            "GpuJobsSpoken": spoken,
            "GpuJobsExpired": expired,
            "GpuJobsFailed": sum(figures.outcomes.values()) - spoken - expired,
        }
        if figures.rows:
            values |= {
                "GpuBatchRows": figures.rows,
                "GpuInferenceSeconds": round(figures.inference_s, 4),
                "GpuAudioSeconds": round(figures.audio_s, 3),
            }
        directive = {
            "Namespace": NAMESPACE,
            "Dimensions": [[]],
            "Metrics": [{"Name": name, "Unit": METRICS[name][0]} for name in values],
        }
        line = {"_aws": {"Timestamp": self._clock.unix_ms(), "CloudWatchMetrics": [directive]}, **values}
        self._out.write(json.dumps(line) + "\n")
        self._out.flush()
