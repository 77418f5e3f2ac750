import logging
import math
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from danmu_tts.adapters.backends.vendor_errors import error_for_status
from danmu_tts.domain.errors import (
    BackendAuthError,
    BackendBlockedError,
    BackendRateLimitedError,
    BackendRefusedError,
    BackendServerError,
    BackendUnavailableError,
)
from tests.builders.logs import captured_logs


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, BackendRefusedError),
        (401, BackendAuthError),
        (402, BackendBlockedError),
        (403, BackendBlockedError),
        (404, BackendRefusedError),
        (413, BackendRefusedError),
        (422, BackendRefusedError),
        (429, BackendRateLimitedError),
        (500, BackendServerError),
        (502, BackendServerError),
        (503, BackendServerError),
        (504, BackendServerError),
        (418, BackendServerError),
        (302, BackendServerError),
    ],
)
def test_each_status_has_its_error(status: int, kind: type[BackendUnavailableError]) -> None:
    error = error_for_status("edge", status)
    assert type(error) is kind
    assert error.message.startswith("edge ")
    assert f"(status {status})" in error.message
    assert error.retry_after_s is None


def retry_after_s(header: str | None) -> float | None:
    return error_for_status("edge", 429, retry_after=header).retry_after_s


@pytest.mark.parametrize(("header", "seconds"), [("0", 0), ("30", 30), (" 7 ", 7), ("1.5", 1.5)])
def test_retry_after_in_seconds(header: str, seconds: float) -> None:
    assert retry_after_s(header) == seconds


def test_retry_after_as_a_date_is_the_time_until_then() -> None:
    header = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    assert retry_after_s(header) == pytest.approx(3600, abs=300)


def test_a_date_that_has_passed_is_now() -> None:
    assert retry_after_s("Wed, 21 Oct 2015 07:28:00 GMT") == 0


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        " ",
        "soon",
        "0x10",
        "12 parsecs",
        "2026-11-22T10:00:00Z",
        "Wed, 99 Oct 2015 07:28:00 GMT",
        "Wed, 21 Oct 99999 07:28:00 GMT",
        "Wed, 21 Oct 99999999999999999999 07:28:00 GMT",
        "inf",
        "1e999",
        "nan",
    ],
)
def test_rubbish_says_nothing(header: str | None) -> None:
    assert retry_after_s(header) is None


@given(st.text(max_size=30))
def test_no_header_breaks_it(header: str) -> None:
    seconds = retry_after_s(header)
    assert seconds is None or (seconds >= 0 and math.isfinite(seconds))


def logged(status: int, detail: str) -> tuple[str, logging.LogRecord]:
    """The message for whoever asked, and the record for who debugs."""
    with captured_logs() as records:
        error = error_for_status("openai", status, detail=detail)
    (record,) = records
    return error.message, record


def test_what_the_vendor_said_is_for_debugging_alone_on_one_line() -> None:
    message, record = logged(401, "Incorrect API key provided:\n  sk-123\t!")
    assert message == "openai does not accept our credentials (status 401)."
    assert vars(record)["said"] == "Incorrect API key provided: sk-123 !"
    assert vars(record)["backend"] == "openai"
    assert record.levelno == logging.DEBUG


@pytest.mark.parametrize("status", [400, 403, 404, 413, 422, 429, 500])
def test_it_may_repeat_the_text_whatever_the_status(status: int) -> None:
    _, record = logged(status, "Cannot speak: 电话")
    assert record.levelno == logging.DEBUG


def test_of_a_page_a_part_is_logged() -> None:
    _, record = logged(502, "<html>" + "x" * 10_000)
    assert vars(record)["said"] == "<html>" + "x" * 194
