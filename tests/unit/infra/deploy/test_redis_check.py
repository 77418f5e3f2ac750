import pytest

from infra.deploy.redis_check import problem_with


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "192.168.1.2", "redis", "nas.local", "[::1]"])
def test_what_only_this_network_knows_is_of_no_use_to_functions_on_aws(host: str) -> None:
    problem = problem_with(f"redis://user:hidden@{host}:6379", from_aws=True)
    assert problem is not None
    assert "It has to be on the internet." in problem
    assert "hidden" not in problem


def test_what_is_no_address_is_said_without_its_password() -> None:
    problem = problem_with("https://user:hidden@example.com", from_aws=True)
    assert problem is not None
    assert problem.startswith("That is no Redis's address: must be redis, rediss,")
    assert "hidden" not in problem
