"""What it costs: the document says what the program reckons, from what the template and the code really are."""

import json
from collections.abc import Mapping
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml

from danmu_tts.adapters.metrics import emf
from gpu_service import emf as gpu_emf
from infra.costs.bill import TERMS, Price, load_prices, total
from infra.costs.document import PATH, fill
from infra.costs.month import PROFILES, SNAP_STARTED, Month, Profile, load_usage
from infra.costs.tables import tables
from infra.costs.told import told

ROOT = Path(__file__).parents[3]
AS_OF, PRICES = load_prices()
USAGE = load_usage()
CHEAP, STANDARD, GPU = PROFILES


class _Loader(yaml.SafeLoader):
    """Takes CloudFormation's short functions for nothing: no figure is in one."""


_Loader.add_multi_constructor("!", lambda *_: None)


def template(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.load((ROOT / name).read_text("utf-8"), _Loader)  # noqa: S506 - it is a safe one
    return found


def functions() -> Mapping[str, dict[str, Any]]:
    resources = template("infra/aws/functions.yaml")["Resources"].values()
    of = [each["Properties"] for each in resources if each["Type"] == "AWS::Serverless::Function"]
    return {each["Handler"].split(".")[1]: each for each in of}


def test_the_document_has_the_tables_that_the_program_reckons_now() -> None:
    text = PATH.read_text("utf-8")
    assert text == fill(text, tables(AS_OF, PRICES, USAGE)), "python -m infra.costs --write"


def test_the_document_begins_with_what_one_room_costs() -> None:
    assert f"four hours a month: {total(Month(CHEAP, 1, USAGE), PRICES):.2f} US dollars" in PATH.read_text("utf-8")


def test_memory_is_the_functions_own() -> None:
    usual = template("infra/aws/functions.yaml")["Globals"]["Function"]["MemorySize"]
    assert USAGE.memory_mb == {name: each.get("MemorySize", usual) for name, each in functions().items()}


def test_snapshots_are_of_the_functions_that_have_them() -> None:
    assert set(SNAP_STARTED) == {name for name, each in functions().items() if "SnapStart" in each}


def test_profiles_are_the_template_s() -> None:
    mapped = template("template.yaml")["Mappings"]["Profiles"]
    assert set(PROFILES) == {
        Profile(
            name,
            has_cache=each["Cache"] == "elasticache",
            has_gpu=each["Gpu"] != "none",
            has_snap_start=each["SnapStart"] == "PublishedVersions",
            is_traced=each["Tracing"] == "Active",
        )
        for name, each in mapped.items()
    }


def test_every_metric_that_is_told_is_paid_for() -> None:
    assert set(USAGE.metric_series) == set(emf.METRICS)
    assert set(USAGE.gpu_metric_series) == set(gpu_emf.METRICS)


def test_alarms_and_limits_are_the_template_s() -> None:
    alarms = [
        each.get("Condition")
        for each in template("infra/aws/monitoring.yaml")["Resources"].values()
        if each["Type"] == "AWS::CloudWatch::Alarm"
    ]
    always, cache, queues = (alarms.count(condition) for condition in (None, "HasCache", "HasQueues"))
    root = template("template.yaml")
    limits = root["Mappings"]["Limits"][root["Parameters"]["MostRooms"]["Default"]]
    scaling = 1 * 3 + 2 * 3 + 2  # SomebodyWaits, two alarms of the policy, the capacity provider's two

    figures = USAGE.figures
    assert (figures["alarms_cheap"], figures["alarms_standard"]) == (always, always + cache)
    assert figures["alarms_gpu"] == always + cache + queues + scaling
    assert figures["cache_most_gb"] == int(limits["CacheGb"])
    assert figures["cache_most_ecpu_per_s"] == int(limits["CacheUnits"])
    assert figures["throttle_per_s"] == int(limits["PerSecond"])
    assert figures["log_retention_days"] == root["Parameters"]["LogRetentionDays"]["Default"]


def test_audio_is_kept_as_long_as_the_template_says() -> None:
    variables = template("infra/aws/functions.yaml")["Globals"]["Function"]["Environment"]["Variables"]
    assert USAGE.figures["redis_audio_hours"] * 3600 == float(variables["DANMU_TTS_CACHE__REDIS_TTL_S"])


def test_the_readme_tells_what_the_questions_tell() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    for profile in PROFILES:
        usd = told(profile.name)
        assert f"| `{profile.name}` | {usd.idle} | {usd.one_room} |" in readme
    assert f"Cloud voices need a NAT gateway: {told('standard').nat} more" in readme


def test_every_price_has_a_unit_a_page_of_aws_and_a_day() -> None:
    for name, price in PRICES.items():
        assert price.source.startswith("https://aws.amazon.com/"), name
        assert price.unit, name
        assert price.read[:7] == AS_OF, name


def test_every_term_says_its_quantity_and_its_prices() -> None:
    said = json.loads((files("infra.costs") / "terms.json").read_text("utf-8"))
    assert list(said) == list(TERMS)
    assert {name for each in said.values() for name in each["prices"]} <= set(PRICES)


@pytest.mark.parametrize(("quantity", "usd"), [(0, 0), (5, 0), (6, 0.5), (15, 5), (17, 5.5)])
def test_what_is_free_costs_nothing_and_more_of_it_gets_cheaper(quantity: float, usd: float) -> None:
    price = Price("GB", [(10, 0.5), (None, 0.25)], free=5, source="", read="")
    assert price.usd(quantity) == pytest.approx(usd)


def test_where_nobody_is_live_only_what_stands_there_costs() -> None:
    assert total(Month(CHEAP, 0, USAGE), PRICES) == pytest.approx(PRICES["secret"].usd(1))
    assert TERMS["GPUs on Spot"](Month(GPU, 0, USAGE), PRICES) == 0


def test_a_gpu_is_up_for_the_evenings_of_its_room_and_what_it_takes_to_go() -> None:
    month = Month(GPU, 1, USAGE)
    assert month.gpu_h == pytest.approx(20 * (4 + 0.35))
    assert replace(month, rooms=1000).gpus > 1
