import io
import json

from gpu_service.emf import EmbeddedMetrics
from gpu_service.metrics import BatchFigures
from tests.builders.gpu_flood import VirtualClock


def test_a_batch_is_one_line_that_cloudwatch_reads() -> None:
    out = io.StringIO()
    figures = BatchFigures(3, 0.5, 4.2, {"ok": 3, "expired": 2, "unknown_voice": 1})
    EmbeddedMetrics(out, VirtualClock(now_s=7)).batch_made(figures)
    (line,) = map(json.loads, out.getvalue().splitlines())
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert line["_aws"]["Timestamp"] == 7000
    assert directive["Namespace"] == "DanmuTTS"
    assert {metric["Name"]: line[metric["Name"]] for metric in directive["Metrics"]} == {
        "GpuJobsSpoken": 3,
        "GpuJobsExpired": 2,
        "GpuJobsFailed": 1,
        "GpuBatchRows": 3,
        "GpuInferenceSeconds": 0.5,
        "GpuAudioSeconds": 4.2,
    }


def test_a_batch_of_nothing_but_expired_has_no_rows() -> None:
    out = io.StringIO()
    EmbeddedMetrics(out, VirtualClock()).batch_made(BatchFigures(0, 0, 0, {"expired": 2}))
    assert "GpuBatchRows" not in json.loads(out.getvalue())
