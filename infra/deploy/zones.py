"""Which two zones of a region the network goes into: Lambda and ElastiCache are not in every one."""

from infra.deploy.account import Account
from infra.deploy.errors import DeployError, aws_in_words

# An old zone of us-east-1 that newer services leave out. Which letter it has differs from account to account.
_LEFT_OUT = frozenset({"use1-az3"})
_GPU = "g4dn.xlarge"


def pick(account: Account, *, gpu: bool) -> str:
    """Their ids with a comma between, those with GPUs first where one is wanted. Raises DeployError."""
    client = account.client("ec2")
    with aws_in_words():
        found = client.describe_availability_zones(Filters=[{"Name": "zone-type", "Values": ["availability-zone"]}])
        zones = sorted(each["ZoneId"] for each in found["AvailabilityZones"] if each["State"] == "available")
        zones = [each for each in zones if each not in _LEFT_OUT]
        if gpu:
            filters = [{"Name": "instance-type", "Values": [_GPU]}]
            offers = client.describe_instance_type_offerings(LocationType="availability-zone-id", Filters=filters)
            there = {each["Location"] for each in offers["InstanceTypeOfferings"]}
            zones.sort(key=lambda zone: zone not in there)
    if len(zones) < 2:
        raise DeployError(f"{account.region} has fewer than two zones for you.", "AWS_REGION=… make deploy")
    return ",".join(zones[:2])
