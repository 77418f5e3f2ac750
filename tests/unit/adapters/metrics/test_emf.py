"""What is written for CloudWatch, by the rules of its embedded metric format.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import io
import json
import sys
from typing import Any

import jsonschema
import pytest
from prometheus_client.parser import text_string_to_metric_families

from danmu_tts.adapters.metrics.emf import METRICS, NAMESPACE, EmfMetrics, print_line
from danmu_tts.adapters.metrics.prometheus import PrometheusMetrics
from danmu_tts.observability import request_scope

UNITS = ["Seconds", "Milliseconds", "Bytes", "Percent", "Count", "Count/Second", "None"]
NAME = {"type": "string", "minLength": 1, "maxLength": 1024}
DIRECTIVE = {
    "type": "object",
    "required": ["Namespace", "Dimensions", "Metrics"],
    "properties": {
        "Namespace": NAME,
        "Dimensions": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "array",
                "maxItems": 30,
                "items": {"type": "string", "minLength": 1, "maxLength": 250},
            },
        },
        "Metrics": {
            "type": "array",
            "maxItems": 100,
            "items": {
                "type": "object",
                "required": ["Name"],
                "properties": {"Name": NAME, "Unit": {"enum": UNITS}},
            },
        },
    },
}
SCHEMA = {
    "type": "object",
    "required": ["_aws"],
    "properties": {
        "_aws": {
            "type": "object",
            "required": ["Timestamp", "CloudWatchMetrics"],
            "properties": {
                "Timestamp": {"type": "integer"},
                "CloudWatchMetrics": {"type": "array", "minItems": 1, "items": DIRECTIVE},
            },
        }
    },
}
MOST_BYTES = 1_048_576
MOST_VALUES = 100

Told = tuple[str, tuple[tuple[str, str], ...]]


class Log:
    """Where the lines go, read as CloudWatch reads them."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> None:
        self.text += text

    def lines(self) -> list[dict[str, Any]]:
        assert self.text.endswith("\n") or not self.text
        lines = [json.loads(line) for line in self.text.splitlines()]
        for line, text in zip(lines, self.text.splitlines(), strict=True):
            jsonschema.validate(line, SCHEMA)
            assert len(text.encode()) <= MOST_BYTES
        return lines

    def told(self) -> dict[Told, list[float]]:
        """Every name, in every combination of dimensions that CloudWatch would bill, and its values."""
        told: dict[Told, list[float]] = {}
        for line in self.lines():
            for directive in line["_aws"]["CloudWatchMetrics"]:
                assert directive["Namespace"] == NAMESPACE
                for metric in directive["Metrics"]:
                    unit, sets = METRICS[metric["Name"]]
                    assert metric["Unit"] == unit
                    assert [tuple(each) for each in directive["Dimensions"]] == list(sets)
                    value = line[metric["Name"]]
                    values = value if isinstance(value, list) else [value]
                    assert 1 <= len(values) <= MOST_VALUES
                    for dimensions in sets:
                        assert all(isinstance(line[each], str) and line[each] for each in dimensions)
                        key = metric["Name"], tuple((each, line[each]) for each in dimensions)
                        told.setdefault(key, []).extend(values)
        return told


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def metrics(log: Log) -> EmfMetrics:
    return EmfMetrics(PrometheusMetrics(), log.write, clock=lambda: 1_700_000_000.5)


def count_everything(metrics: EmfMetrics) -> None:
    metrics.request(backend="piper", status="ok", duration_s=0.25)
    metrics.attempt(backend="piper", outcome="ok", duration_s=0.2)
    metrics.fallback(wanted="edge", spoken="piper")
    metrics.first_audio(backend="piper", seconds=0.1)
    metrics.cache(tier="miss")
    metrics.limited(of="key")
    metrics.spent(backend="azure", characters=12, usd=0.00018)
    metrics.job(ended_by="result", seconds=3.5)
    metrics.danmu(outcome="spoken")
    metrics.connections(7)


def test_a_request_is_one_line_with_its_id(log: Log, metrics: EmfMetrics) -> None:
    with request_scope("request-1"):
        metrics.request(backend="piper", status="ok", duration_s=0.0021)
        metrics.cache(tier="memory")
    metrics.flush()
    (line,) = log.lines()
    assert (line["request_id"], line["_aws"]["Timestamp"]) == ("request-1", 1_700_000_000_500)
    assert log.told() == {
        ("tts_requests_total", (("backend", "piper"), ("status", "ok"))): [1],
        ("tts_request_duration_seconds", (("backend", "piper"),)): [0.0021],
        ("tts_request_duration_seconds", ()): [0.0021],
        ("tts_cache_lookups_total", (("tier", "memory"),)): [1],
    }


def test_every_metric_of_the_table_can_be_counted_and_is_scraped_under_the_same_name(
    log: Log, metrics: EmfMetrics
) -> None:
    count_everything(metrics)
    metrics.flush()
    assert {name for name, _ in log.told()} == set(METRICS)
    text = metrics.render()[0].decode()
    samples = {each.name: each.value for family in text_string_to_metric_families(text) for each in family.samples}
    assert {name for name in METRICS if not samples.get(name, samples.get(f"{name}_count"))} == set()


def test_an_invocation_that_counted_nothing_writes_nothing(log: Log, metrics: EmfMetrics) -> None:
    metrics.cache(tier="memory")
    metrics.flush()
    once = log.text
    metrics.flush()
    assert log.text == once


def test_what_has_several_values_of_a_dimension_takes_as_few_lines_as_can_hold_them(
    log: Log, metrics: EmfMetrics
) -> None:
    for outcome in ("merged", "dropped_expired", "merged", "dropped_sampled"):
        metrics.danmu(outcome=outcome, count=2)
    metrics.attempt(backend="edge", outcome="timeout", duration_s=4)
    metrics.request(backend="piper", status="ok", duration_s=4.2)
    metrics.flush()
    assert len(log.lines()) == 4
    told = log.told()
    assert {key[0][1]: values for (name, key), values in told.items() if name == "tts_danmu_total"} == {
        "merged": [4],
        "dropped_expired": [2],
        "dropped_sampled": [2],
    }
    assert told["tts_backend_attempts_total", (("backend", "edge"), ("outcome", "timeout"))] == [1]
    assert told["tts_requests_total", (("backend", "piper"), ("status", "ok"))] == [1]


def test_more_values_than_a_metric_may_have_go_on_in_another_line(log: Log, metrics: EmfMetrics) -> None:
    for number in range(250):
        metrics.first_audio(backend="piper", seconds=number)
    metrics.flush()
    assert log.told() == {("tts_first_audio_seconds", ()): list(map(float, range(250)))}
    assert len(log.lines()) == 3


def test_a_batch_of_messages_is_one_line_that_names_all_their_requests(log: Log, metrics: EmfMetrics) -> None:
    for number in range(10):
        with request_scope(f"asker-{number}"):
            metrics.job(ended_by="result", seconds=1)
    metrics.flush()
    (line,) = log.lines()
    assert line["request_id"].split() == [f"asker-{number}" for number in range(10)]


def test_what_is_no_dimension_is_a_property(log: Log, metrics: EmfMetrics) -> None:
    metrics.limited(of="viewer")
    metrics.spent(backend="azure", characters=7, usd=0.1)
    metrics.spent(backend="azure", characters=5, usd=0.2)
    metrics.flush()
    (line,) = log.lines()
    assert (line["limited_of"], line["characters"], line["tts_spent_usd_total"]) == ("viewer", 12, pytest.approx(0.3))


class Deaf(io.StringIO):
    def write(self, _: str) -> int:
        raise BrokenPipeError


def test_a_line_goes_to_standard_output_and_where_nobody_reads_it_nothing_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    print_line("a line\n")
    assert capsys.readouterr().out == "a line\n"
    monkeypatch.setattr(sys, "stdout", Deaf())
    print_line("a line\n")
