"""What can be wrong with AWS or with this machine, and what to do about it."""

from collections.abc import Iterator
from contextlib import contextmanager

_KEYS = (
    "Make an access key in AWS's console (IAM, Users, you, Security credentials), then `aws configure`; or set "
    "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. With AWS_PROFILE=name an existing profile is taken."
)
_LOG_IN = "`aws sso login`, with the AWS_PROFILE that is meant."
_ANEW = "They are old or wrong. `aws sso login` or `aws configure` brings new ones."
_MAY_NOT = "These credentials may not do that. Whoever runs the account can allow it, or lend others."
# By the names that botocore and AWS give them; what is in neither is said in AWS's own words.
_LOCAL = {
    "NoCredentialsError": ("There are no AWS credentials here.", _KEYS),
    "PartialCredentialsError": ("Half of the AWS credentials is missing.", _KEYS),
    "ProfileNotFound": ("AWS_PROFILE names a profile that is not in ~/.aws/config.", _KEYS),
    "SSOTokenLoadError": ("You are not logged in to AWS.", _LOG_IN),
    "UnauthorizedSSOTokenError": ("You are no longer logged in to AWS.", _LOG_IN),
    "TokenRetrievalError": ("You are no longer logged in to AWS.", _LOG_IN),
    "EndpointConnectionError": ("AWS cannot be reached from here.", "Is the network up, and the region's name right?"),
    "ConnectTimeoutError": ("AWS cannot be reached from here.", "Is the network up?"),
    "ReadTimeoutError": ("AWS does not answer.", "Is the network up?"),
    "ResponseParserError": ("What answers is not AWS.", "A proxy, a Wi-Fi's page to log in, or AWS_ENDPOINT_URL?"),
    "ProxyConnectionError": ("The proxy to AWS cannot be reached.", "HTTPS_PROXY says which one."),
    "SSLError": ("It is not AWS that answers, by its certificate.", "A proxy? AWS_CA_BUNDLE=file names whom to trust."),
}
_CODES = {
    "ExpiredToken": ("AWS refuses these credentials: they have expired.", _ANEW),
    "ExpiredTokenException": ("AWS refuses these credentials: they have expired.", _ANEW),
    "InvalidClientTokenId": ("AWS does not know these credentials.", _ANEW),
    "UnrecognizedClientException": ("AWS does not know these credentials.", _ANEW),
    "SignatureDoesNotMatch": ("AWS does not know these credentials.", _ANEW),
    "AuthFailure": ("AWS does not know these credentials.", _ANEW),
}


class DeployError(Exception):
    """What is wrong, in a sentence, and what to do about it."""

    def __init__(self, wrong: str, advice: str = "") -> None:
        super().__init__(wrong)
        self.wrong = wrong
        self.advice = advice


@contextmanager
def aws_in_words() -> Iterator[None]:
    """Raise DeployError for what AWS or boto3 raises."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        known = _CODES.get(code)
        if known is None and is_denied(error):
            known = (f"AWS does not allow {error.operation_name}.", _MAY_NOT)
        raise DeployError(*(known or (f"AWS: {error.response['Error'].get('Message') or code}",))) from error
    except (BotoCoreError, ResponseParserError) as error:
        raise DeployError(*_LOCAL.get(type(error).__name__, (f"AWS: {error}",))) from error


def is_denied(error: Exception) -> bool:
    """Whether AWS knows who asks, and does not let them."""
    response = getattr(error, "response", {})
    return str(response.get("Error", {}).get("Code", "")).startswith(("AccessDenied", "UnauthorizedOperation"))
