"""A whole model: its licence, its place on the disk, the space it needs, and where it comes from."""

import shutil
from types import SimpleNamespace

import pytest

from models.errors import DownloadError, LicenceNotAcceptedError, NotEnoughSpaceError
from models.manifest import is_installed
from tests.unit.models.fetcher import FILES, OTHER, VOICE, Fetcher, Publish
from tests.unit.models.range_server import Fault, RangeServer


@pytest.mark.parametrize("algorithm", ["md5", "sha256"])
def test_a_fresh_fetch_installs_every_file_under_its_base_name(
    fetcher: Fetcher, publish: Publish, algorithm: str
) -> None:
    entry = publish({**FILES, "en/voice.onnx.json": b"{}", "en/MODEL_CARD": b"public domain"}, algorithm)
    assert not is_installed(entry, fetcher.models_dir)

    folder = fetcher(entry)

    found = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert found == {"voice.onnx": VOICE, "voice.onnx.json": b"{}", "test-voice.MODEL_CARD": b"public domain"}
    assert folder == fetcher.models_dir / "piper"
    assert is_installed(entry, fetcher.models_dir)


def test_an_xtts_model_lies_in_its_own_folder(fetcher: Fetcher, publish: Publish) -> None:
    folder = fetcher(publish({"model.pth": VOICE}, kind="xtts"))

    assert folder == fetcher.models_dir / "xtts"
    assert (folder / "model.pth").read_bytes() == VOICE


def test_complete_files_are_not_asked_for_again(fetcher: Fetcher, publish: Publish, server: RangeServer) -> None:
    entry = publish(FILES)
    fetcher(entry)
    server.seen.clear()

    fetcher(entry)

    assert server.seen == []


@pytest.mark.parametrize("damaged", [pytest.param(OTHER, id="same size"), pytest.param(VOICE[:9], id="too short")])
def test_a_damaged_file_is_fetched_again(
    fetcher: Fetcher, publish: Publish, server: RangeServer, damaged: bytes
) -> None:
    entry = publish(FILES)
    fetcher(entry)
    fetcher.target.write_bytes(damaged)

    fetcher(entry)

    assert fetcher.target.read_bytes() == VOICE


def test_a_licence_that_was_not_accepted_keeps_everything_untouched(
    fetcher: Fetcher, publish: Publish, server: RangeServer
) -> None:
    entry = publish(FILES, requires_acceptance=True, licence="Strict-1.0", licence_url="https://strict.example/terms")

    with pytest.raises(LicenceNotAcceptedError) as caught:
        fetcher(entry)

    for shown in ("Strict-1.0", "https://strict.example/terms", "--accept-licence"):
        assert shown in str(caught.value)
    assert server.seen == []
    assert not fetcher.models_dir.exists()


def test_an_accepted_licence_lets_the_model_be_fetched(fetcher: Fetcher, publish: Publish) -> None:
    fetcher(publish(FILES, requires_acceptance=True), accept_licence=True)

    assert fetcher.target.read_bytes() == VOICE


def test_a_mirror_takes_the_place_of_the_host_and_may_have_a_prefix(
    fetcher: Fetcher, publish: Publish, server: RangeServer
) -> None:
    entry = publish(FILES, base_url="https://unreachable.invalid/hub/")
    server.files["/prefix/hub/en/voice.onnx"] = VOICE

    fetcher(entry, mirror_base_url=f"{server.url}/prefix/")

    assert [request.path for request in server.seen] == ["/prefix/hub/en/voice.onnx"]
    assert fetcher.target.read_bytes() == VOICE


def test_a_mirrors_password_is_not_shown_in_an_error(fetcher: Fetcher, publish: Publish, server: RangeServer) -> None:
    server.faults.append(Fault(status=403))
    mirror = server.url.replace("http://", "http://user:secret@")

    with pytest.raises(DownloadError) as caught:
        fetcher(publish(FILES), mirror_base_url=mirror)

    assert f"{server.url}/hub/en/voice.onnx" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_full_disk_is_told_before_anything_is_asked_for(
    fetcher: Fetcher, publish: Publish, server: RangeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=300_000))
    entry = publish(FILES)

    with pytest.raises(NotEnoughSpaceError, match=r"needs 307\.2 kB .* only 300\.0 kB are free"):
        fetcher(entry)

    assert server.seen == []
    fetcher.leave_part(VOICE[:7200])  # what is there already needs no more room
    fetcher(entry)
    assert fetcher.target.read_bytes() == VOICE
