"""The one shape of every failure."""

import httpx

# A message is for a person; what was sent may be a megabyte or somebody's secret.
_LONGEST_ERROR_BYTES = 600


def assert_error(response: httpx.Response, status: int, code: str, param: str | None = None) -> None:
    """Check status, code and param, and all that every error has in common."""
    assert response.status_code == status, response.text[:_LONGEST_ERROR_BYTES]
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-request-id"]
    assert len(response.content) <= _LONGEST_ERROR_BYTES
    answer = response.json()
    assert answer.keys() == {"error"}
    error = answer["error"]
    assert error.keys() == {"message", "type", "param", "code"}
    assert error["message"]
    assert error["type"] == ("server_error" if status >= 500 else "invalid_request_error")
    assert (error["code"], error["param"]) == (code, param), error["message"]
