from pathlib import Path

import pytest

from gpu_service.model_files import ModelError, sync_model
from tests.gpu_service.cloud import BUCKET, Cloud

_PREFIX = "models/xtts/"


def fetched(cloud: Cloud) -> list[str]:
    """Names of the files as they are fetched from now on."""
    names: list[str] = []
    cloud.s3.meta.events.register("before-call.s3.GetObject", lambda params, **_: names.append(params["url_path"]))
    return names


def test_only_what_differs_is_fetched(cloud: Cloud, tmp_path: Path) -> None:
    cloud.put(f"{_PREFIX}config.json", b"{}")
    cloud.put(f"{_PREFIX}voices/one.pth", b"weights")
    sync_model(cloud.s3, BUCKET, _PREFIX, tmp_path)
    assert (tmp_path / "voices/one.pth").read_bytes() == b"weights"
    names = fetched(cloud)
    sync_model(cloud.s3, BUCKET, _PREFIX, tmp_path)
    assert names == []
    cloud.put(f"{_PREFIX}config.json", b"[]")
    sync_model(cloud.s3, BUCKET, _PREFIX, tmp_path)
    assert [name.rsplit("/", 1)[-1] for name in names] == ["config.json"]
    assert (tmp_path / "config.json").read_bytes() == b"[]"


def test_a_file_that_was_cut_short_is_fetched_again(cloud: Cloud, tmp_path: Path) -> None:
    cloud.put(f"{_PREFIX}model.pth", b"weights")
    sync_model(cloud.s3, BUCKET, _PREFIX, tmp_path)
    (tmp_path / "model.pth").write_bytes(b"wei")
    sync_model(cloud.s3, BUCKET, _PREFIX, tmp_path)
    assert (tmp_path / "model.pth").read_bytes() == b"weights"


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/etc/evil", "a\\evil", "C:evil", ".fetched.json"])
def test_a_name_that_leads_elsewhere_is_refused_before_anything_is_fetched(
    cloud: Cloud, tmp_path: Path, name: str
) -> None:
    cloud.put(f"{_PREFIX}config.json", b"{}")
    listing = [{"Contents": [{"Key": f"{_PREFIX}{name}", "Size": 1, "ETag": '"1"'}]}]

    class S3:
        def get_paginator(self, _: str) -> "S3":
            return self

        def paginate(self, **_: str) -> object:
            return listing

    with pytest.raises(ModelError):
        sync_model(S3(), BUCKET, _PREFIX, tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_no_model_is_said(cloud: Cloud, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model under"):
        sync_model(cloud.s3, BUCKET, _PREFIX, tmp_path)
