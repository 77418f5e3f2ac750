"""One file from a real server on the loopback: resumed, retried, verified."""

from pathlib import Path

import httpx
import pytest

from models.download import MAX_ATTEMPTS, MAX_CONNECT_ATTEMPTS, MAX_RETRY_AFTER_S
from models.errors import DownloadError, VerificationError
from models.manifest import is_installed
from tests.unit.models.fetcher import FILES, OTHER, VOICE, Fetcher, Publish, Recorder
from tests.unit.models.range_server import Fault, RangeServer, Seen


def ranges(server: RangeServer) -> list[str | None]:
    return [request.range for request in server.seen]


@pytest.mark.parametrize("hides_length", [False, True])
def test_a_dropped_connection_is_resumed_by_asking_only_for_the_rest(
    fetcher: Fetcher, publish: Publish, server: RangeServer, hides_length: bool
) -> None:
    server.faults.append(Fault(drop_after_bytes=100_000, hides_length=hides_length))

    fetcher(publish(FILES))

    assert ranges(server) == [None, "bytes=100000-"]
    assert fetcher.target.read_bytes() == VOICE
    assert fetcher.slept_s == [1.0]


def test_a_part_of_an_earlier_run_is_resumed(fetcher: Fetcher, publish: Publish, server: RangeServer) -> None:
    fetcher.leave_part(VOICE[:5000])
    progress = Recorder()

    fetcher(publish(FILES), progress=progress)

    assert ranges(server) == ["bytes=5000-"]
    assert fetcher.target.read_bytes() == VOICE
    assert not fetcher.part.exists()
    assert progress.events == [("start", "voice.onnx", len(VOICE), 5000), ("finish",)]
    assert progress.received_bytes == len(VOICE) - 5000


def test_a_part_that_is_already_whole_is_installed_without_asking(
    fetcher: Fetcher, publish: Publish, server: RangeServer
) -> None:
    fetcher.leave_part(VOICE)

    fetcher(publish(FILES))

    assert server.seen == []
    assert fetcher.target.read_bytes() == VOICE


def test_a_part_that_is_too_long_starts_over(fetcher: Fetcher, publish: Publish, server: RangeServer) -> None:
    fetcher.leave_part(VOICE + b"too much")

    fetcher(publish(FILES))

    assert ranges(server) == [None]
    assert fetcher.target.read_bytes() == VOICE


@pytest.mark.parametrize(
    ("fault", "asked"),
    [
        pytest.param(Fault(ignores_range=True), ["bytes=5000-"], id="the whole file instead"),
        pytest.param(Fault(status=416), ["bytes=5000-", None], id="range refused"),
        pytest.param(Fault(shifts_range_bytes=7), ["bytes=5000-", None], id="another range"),
        pytest.param(Fault(headers={"Content-Range": "bytes"}), ["bytes=5000-", None], id="a broken range header"),
    ],
)
def test_a_server_that_cannot_resume_makes_the_file_start_over(
    fetcher: Fetcher, publish: Publish, server: RangeServer, fault: Fault, asked: list[str | None]
) -> None:
    fetcher.leave_part(OTHER[:5000])  # wrong bytes: the result is right only if they are forgotten
    server.faults.append(fault)
    progress = Recorder()

    fetcher(publish(FILES), progress=progress)

    assert ranges(server) == asked
    assert fetcher.target.read_bytes() == VOICE
    assert progress.events[:2] == [("start", "voice.onnx", len(VOICE), done) for done in (5000, 0)]


@pytest.mark.parametrize("algorithm", ["md5", "sha256"])
def test_corrupt_data_is_rejected_and_not_installed(
    fetcher: Fetcher, publish: Publish, server: RangeServer, algorithm: str
) -> None:
    server.faults.append(Fault(corrupts=True))
    entry = publish(FILES, algorithm)

    with pytest.raises(VerificationError, match=r"voice\.onnx does not have the digest"):
        fetcher(entry)

    assert list(fetcher.target.parent.iterdir()) == []
    assert not is_installed(entry, fetcher.models_dir)
    fetcher(entry)
    assert fetcher.target.read_bytes() == VOICE


def test_a_wrong_part_is_found_out_on_resume_and_thrown_away(
    fetcher: Fetcher, publish: Publish, server: RangeServer
) -> None:
    fetcher.leave_part(OTHER[:5000])

    with pytest.raises(VerificationError):
        fetcher(publish(FILES))

    assert list(fetcher.target.parent.iterdir()) == []


def test_a_file_of_another_announced_size_is_refused_and_the_part_kept(
    fetcher: Fetcher, publish: Publish, server: RangeServer
) -> None:
    fetcher.leave_part(VOICE[:5000])
    server.faults.append(Fault(body=b"<html>please log in</html>", ignores_range=True))

    with pytest.raises(VerificationError, match="has 26 bytes, but the manifest lists 307200"):
        fetcher(publish(FILES))

    assert fetcher.part.read_bytes() == VOICE[:5000]


def test_a_file_that_turns_out_too_long_is_thrown_away(fetcher: Fetcher, publish: Publish, server: RangeServer) -> None:
    server.faults.append(Fault(body=VOICE + b"more", hides_length=True))

    with pytest.raises(VerificationError, match="is larger than"):
        fetcher(publish(FILES))

    assert list(fetcher.target.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("fault", "slept_s"),
    [
        pytest.param(Fault(status=503), 1.0, id="503"),
        pytest.param(Fault(status=429), 1.0, id="429"),
        pytest.param(Fault(status=429, headers={"Retry-After": "17"}), 17.0, id="seconds"),
        pytest.param(Fault(status=503, headers={"Retry-After": "Wed, 01 Jan 2025 00:00:42 GMT"}), 42.0, id="date"),
        pytest.param(Fault(status=503, headers={"Retry-After": "soon"}), 1.0, id="nonsense"),
        pytest.param(Fault(status=429, headers={"Retry-After": "99999"}), MAX_RETRY_AFTER_S, id="capped"),
    ],
)
def test_a_passing_refusal_is_retried_after_the_wait_that_the_server_asks_for(
    fetcher: Fetcher, publish: Publish, server: RangeServer, fault: Fault, slept_s: float
) -> None:
    server.faults.append(fault)

    fetcher(publish(FILES))

    assert fetcher.slept_s == [slept_s]
    assert fetcher.target.read_bytes() == VOICE


def test_a_server_that_stays_away_is_given_up_and_what_came_is_kept(
    fetcher: Fetcher, publish: Publish, server: RangeServer
) -> None:
    server.faults.extend([Fault(drop_after_bytes=1000), *[Fault(status=503)] * MAX_ATTEMPTS])

    with pytest.raises(DownloadError, match="the server answered 503") as caught:
        fetcher(publish(FILES))

    assert caught.value.retryable
    assert len(server.seen) == MAX_ATTEMPTS
    assert fetcher.slept_s == [1, 2, 4, 8, 16, 30, 30]
    assert fetcher.part.read_bytes() == VOICE[:1000]


@pytest.mark.parametrize(
    ("failure", "attempts"),
    [(httpx.ConnectError, MAX_CONNECT_ATTEMPTS), (httpx.ReadTimeout, MAX_ATTEMPTS), (httpx.ReadError, MAX_ATTEMPTS)],
)
def test_a_server_that_cannot_be_reached_is_a_download_error_after_retries(
    tmp_path: Path, publish: Publish, failure: type[httpx.TransportError], attempts: int
) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise failure("no route to host")

    fetcher = Fetcher(tmp_path, httpx.Client(transport=httpx.MockTransport(fail)))
    watcher = Recorder()

    with pytest.raises(DownloadError, match=r"could not download http://127\.0\.0\.1.*: no route to host") as caught:
        fetcher(publish(FILES), progress=watcher)

    assert isinstance(caught.value.__cause__, failure)
    assert len(fetcher.slept_s) == attempts - 1
    waits = [event for event in watcher.events if event[0] == "waiting"]
    assert [seconds for _, _, seconds in waits] == fetcher.slept_s
    assert all("no route to host" in str(reason) for _, reason, _ in waits)


@pytest.mark.parametrize("status", [401, 404, 204])
def test_a_final_refusal_is_not_retried(fetcher: Fetcher, publish: Publish, server: RangeServer, status: int) -> None:
    server.faults.append(Fault(status=status))

    with pytest.raises(DownloadError, match=f"the server answered {status}"):
        fetcher(publish(FILES))

    assert len(server.seen) == 1
    assert fetcher.slept_s == []


def test_a_redirect_is_followed_and_keeps_the_range(fetcher: Fetcher, publish: Publish, server: RangeServer) -> None:
    fetcher.leave_part(VOICE[:5000])
    entry = publish(FILES)
    server.files["/cdn/blob"] = VOICE
    server.faults.append(Fault(status=302, headers={"Location": "/cdn/blob"}))

    fetcher(entry)

    assert server.seen[-1] == Seen("/cdn/blob", "bytes=5000-")
    assert fetcher.target.read_bytes() == VOICE


def test_a_redirect_to_another_protocol_is_refused(fetcher: Fetcher, publish: Publish, server: RangeServer) -> None:
    server.faults.append(Fault(status=302, headers={"Location": "file:///etc/hostname"}))

    with pytest.raises(DownloadError):
        fetcher(publish(FILES))


def test_ctrl_c_leaves_a_part_that_the_next_run_resumes(
    fetcher: Fetcher, publish: Publish, server: RangeServer
) -> None:
    entry = publish(FILES)
    progress = Recorder(interrupt_after_bytes=1)

    with pytest.raises(KeyboardInterrupt):
        fetcher(entry, progress=progress)

    left = fetcher.part.read_bytes()
    assert 0 < len(left) < len(VOICE)
    assert VOICE.startswith(left)
    assert progress.events[-1] == ("finish",)
    assert not fetcher.target.exists()
    fetcher(entry)
    assert ranges(server) == [None, f"bytes={len(left)}-"]
    assert fetcher.target.read_bytes() == VOICE
