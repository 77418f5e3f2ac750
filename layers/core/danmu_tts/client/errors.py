"""What a client can meet.

::

    ClientError
    ├── NotConnectedError       the server is away, for longer than one is willing to wait
    ├── RefusedError            it does not let this client in: no API key, or one that is not good
    ├── SpeechError             it could not speak; ``code`` says why
    └── SpeechCancelledError    the utterance was cancelled
"""

from speech_contract.frames import Error


class ClientError(Exception):
    """Root of the tree."""


class NotConnectedError(ClientError):
    """There is no connection, and none could be had in time."""


class RefusedError(ClientError):
    """The server refuses the connection; the message has its reason."""


class SpeechCancelledError(ClientError):
    """The utterance was cancelled, by this client."""


class SpeechError(ClientError):
    """The server's answer to what it cannot do.

    Attributes:
        code: as in ``danmu_tts.domain.errors``.
        param: the field that is to blame, where one is.
        retry_after_s: when trying again makes sense; None where it does not.
    """

    def __init__(self, frame: Error) -> None:
        super().__init__(frame.error.message)
        self.code = frame.error.code
        self.param = frame.error.param
        self.retry_after_s = frame.retry_after_s
