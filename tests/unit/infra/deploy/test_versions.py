from collections.abc import Sequence

import pytest

from infra.deploy.versions import old


@pytest.mark.parametrize(
    ("versions", "used", "gone"),
    [
        ([1, 2, 3, 4], [4], [1, 2, 3]),
        ([7], [7], []),
        ([1, 2, 3, 4], [4, 2], [1, 3]),  # another alias
        ([1, 2, 3, 4], [3], [1, 2]),  # another deployment is just making the newest
        ([1, 2, 3], [], []),  # no alias: nobody can tell which is in use
    ],
)
def test_what_is_older_than_what_an_alias_names_goes(
    versions: Sequence[int], used: Sequence[int], gone: list[int]
) -> None:
    assert old(versions, used) == gone
