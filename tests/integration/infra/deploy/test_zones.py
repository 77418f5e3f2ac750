"""Into which zones the network goes, as moto's EC2 has them."""

import pytest

from infra.deploy.errors import DeployError
from infra.deploy.handover import check_model
from infra.deploy.zones import pick
from tests.integration.infra.deploy.conftest import Desk
from tests.servers.s3_server import BUCKET

pytestmark = pytest.mark.aws


def test_two_zones_are_picked_and_not_the_one_that_newer_services_leave_out(desk: Desk) -> None:
    client = desk.client("ec2")
    there = {each["ZoneId"] for each in client.describe_availability_zones()["AvailabilityZones"]}
    assert "use1-az3" in there
    for gpu in (False, True):
        first, second = pick(desk.account(), gpu=gpu).split(",")
        assert first != second
        assert {first, second} <= there - {"use1-az3"}


def test_a_network_is_given_its_zones_and_a_stack_without_one_none(desk: Desk) -> None:
    for profile, given in (("standard", True), ("cheap", False)):
        assert desk.type("deploy", "--yes", "--profile", profile).exit_code == 0
        assert ("ZoneIds" in desk.sam.runs[-1].parameters) is given


def test_every_change_is_another_deployment(desk: Desk) -> None:
    for language in ("zh", "ja", "ja"):
        assert desk.type("deploy", "--yes", "--parameter", f"DefaultLanguage={language}").exit_code == 0
    first, second, third = (each.parameters["Deployment"] for each in desk.sam.runs if each.arguments[0] == "deploy")
    assert first != second == third


def test_sagemaker_wants_the_model_in_the_bucket_first(desk: Desk) -> None:
    for bucket in (None, BUCKET):
        with pytest.raises(DeployError, match="not in the bucket"):
            check_model(desk.account(), bucket)
    desk.client("s3").put_object(Bucket=BUCKET, Key="models/xtts/config.json", Body=b"{}")
    check_model(desk.account(), BUCKET)
