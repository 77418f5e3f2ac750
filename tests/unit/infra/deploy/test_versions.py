from collections.abc import Sequence

import pytest

from infra.deploy.versions import old


@pytest.mark.parametrize(
    ("versions", "used", "gone"),
    [
        ([1, 2, 3, 4], [4], [1, 2]),
        ([7], [7], []),
        ([1, 2, 3, 4], [4, 2], [1]),  # another alias
        ([1, 2, 3, 4], [3], [1, 4]),  # somebody went back: what was left is not what to go back to
        ([1, 2, 3], [], []),  # no alias: nobody can tell which is in use
    ],
)
def test_what_no_alias_names_goes_but_the_one_before(
    versions: Sequence[int], used: Sequence[int], gone: list[int]
) -> None:
    assert old(versions, used) == gone
