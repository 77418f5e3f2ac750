"""OpenAI's speech API, and the servers that are compatible with it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiohttp import web

from tests.fakes.audio_stream import answer_with_audio
from tests.fakes.connection import read_json
from tests.fakes.speech import Speech, piper_speech
from tests.fakes.vendor import REFUSAL_STATUS, Fault, Received, VendorServer

MAX_INPUT_CHARS = 4096
_FORMATS = ("mp3", "opus", "aac", "flac", "wav", "pcm")
_CONTENT_TYPES = {"mp3": "audio/mpeg", "wav": "audio/wav", "pcm": "audio/pcm"}
_PARAMETERS = {"model", "input", "voice", "response_format", "speed", "instructions", "stream_format"}
# These two take neither instructions nor a stream of events.
_OLD_MODELS = ("tts-1", "tts-1-hd")
_MODELS = (*_OLD_MODELS, "gpt-4o-mini-tts", "gpt-4o-mini-tts-2025-12-15")
_VOICES = (
    *("alloy", "ash", "ballad", "coral", "echo", "fable", "onyx"),
    *("nova", "sage", "shimmer", "verse", "marin", "cedar"),
)
# Type, code and message by what went wrong.
_REFUSALS = {
    Fault.BAD_INPUT: ("invalid_request_error", None, "Invalid input."),
    Fault.UNAUTHORIZED: ("invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    Fault.FORBIDDEN: ("request_forbidden", "unsupported_country_region_territory", "Country not supported."),
    Fault.FORBIDDEN_ONCE: ("request_forbidden", "unsupported_country_region_territory", "Country not supported."),
    Fault.RATE_LIMITED: ("requests", "rate_limit_exceeded", "Rate limit reached for requests."),
    Fault.SERVER_ERROR: ("server_error", None, "The server is currently overloaded."),
}


class _Refused(Exception):  # noqa: N818 - an answer, not an error of this program
    def __init__(self, status: int, message: str, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.response = _error(status, message, "invalid_request_error", param=param, code=code)


class FakeOpenAI(VendorServer):
    """Its ``base_url`` is what a client needs; any key will do, but there must be one.

    Attributes:
        always_wav: answer WAV of unknown length whatever was asked for, as some compatible servers do.
        lists_voices: have ``GET /v1/audio/voices``, which OpenAI itself has not.
        voices, models: what it takes and lists.
    """

    def __init__(self, speech: Callable[[str, float], Speech] = piper_speech) -> None:
        super().__init__(speech)
        self.always_wav = False
        self.lists_voices = True
        self.voices = list(_VOICES)
        self.models = list(_MODELS)

    @property
    def base_url(self) -> str:
        return f"{self.url}/v1"

    def reset(self) -> None:
        super().reset()
        self.always_wav = False
        self.lists_voices = True
        self.voices = list(_VOICES)
        self.models = list(_MODELS)

    def _routes(self) -> Sequence[web.AbstractRouteDef]:
        return [
            web.post("/v1/audio/speech", self._create_speech),
            web.get("/v1/audio/voices", self._voice_list),
            web.get("/v1/models", self._model_list),
        ]

    async def _create_speech(self, request: web.Request) -> web.StreamResponse:
        self.count(request)
        body = await read_json(request)
        raw = (await request.read()).decode("utf-8", "backslashreplace")
        headers = {name.lower(): value for name, value in request.headers.items()}
        fault = self.take_fault()
        try:
            _check_key(request)
        except _Refused as refused:
            return refused.response
        try:
            asked = self._check(body)
        except _Refused as refused:
            self.received.append(Received(raw=raw, headers=headers, malformed=True))
            return refused.response
        self.received.append(_received(asked, raw, headers))
        await self.hold_back(request, fault)
        if fault is Fault.VOICE_GONE or asked["voice"] not in self.voices:
            return self._voice_gone(asked["voice"])
        if fault in REFUSAL_STATUS:
            return self._refuse(fault)
        speech = await self.speak(asked["input"], asked["speed"])
        response_format = "wav" if self.always_wav else asked["response_format"]
        audio = {"mp3": lambda: speech.mp3, "wav": lambda: speech.streaming_wav, "pcm": lambda: speech.pcm}
        return await answer_with_audio(request, audio[response_format](), _CONTENT_TYPES[response_format], fault)

    async def _voice_list(self, request: web.Request) -> web.StreamResponse:
        if not self.lists_voices:
            self.voice_list_requests += 1
            return _error(404, "Invalid URL (GET /v1/audio/voices)", "invalid_request_error")
        return await self.list_voices(request, {"voices": self.voices})

    async def _model_list(self, request: web.Request) -> web.StreamResponse:
        try:
            _check_key(request)
        except _Refused as refused:
            return refused.response
        models = [
            {"id": model, "object": "model", "created": 1698785189, "owned_by": "system"} for model in self.models
        ]
        return web.json_response({"object": "list", "data": models})

    def _check(self, body: Any) -> dict[str, Any]:
        """The request with its defaults. Raises _Refused for what OpenAI refuses."""
        if not isinstance(body, dict):
            raise _Refused(400, "We could not parse the JSON body of your request.")
        if unknown := sorted(set(body) - _PARAMETERS):
            raise _Refused(400, f"Unknown parameter: '{unknown[0]}'.", unknown[0], "unknown_parameter")
        asked = {"response_format": "mp3", "speed": 1.0, "instructions": "", "stream_format": "audio"} | body
        for name in ("model", "input", "voice"):
            if name not in asked:
                raise _Refused(400, f"Missing required parameter: '{name}'.", name, "missing_required_parameter")
        if isinstance(asked["voice"], dict):
            asked["voice"] = asked["voice"].get("id")
        for name in ("model", "input", "voice", "instructions"):
            if not isinstance(asked[name], str):
                raise _Refused(400, f"Invalid type for '{name}': expected a string.", name, "invalid_type")
        self._check_values(asked)
        return asked

    def _check_values(self, asked: Mapping[str, Any]) -> None:
        if asked["model"] not in self.models:
            raise _Refused(404, f"The model '{asked['model']}' does not exist.", "model", "model_not_found")
        if not asked["input"]:
            raise _Refused(400, "Invalid 'input': string too short.", "input", "string_below_min_length")
        if len(asked["input"]) > MAX_INPUT_CHARS:
            raise _Refused(400, "Invalid 'input': string too long.", "input", "string_above_max_length")
        if asked["response_format"] not in _FORMATS:
            raise _Refused(400, f"Invalid value: '{asked['response_format']}'.", "response_format", "invalid_value")
        if asked["response_format"] not in _CONTENT_TYPES:
            raise _Refused(400, "This fake has no encoder for it.", "response_format", "invalid_value")
        speed = asked["speed"]
        if not isinstance(speed, int | float) or isinstance(speed, bool) or not 0.25 <= speed <= 4:
            raise _Refused(400, "Invalid 'speed': must be between 0.25 and 4.", "speed", "invalid_value")
        # Of the two stream formats this fake speaks one, for every model.
        if asked["stream_format"] != "audio":
            raise _Refused(400, f"Invalid value: '{asked['stream_format']}'.", "stream_format", "invalid_value")

    def _voice_gone(self, voice: str) -> web.Response:
        message = f"Voice '{voice}' was not found. Supported voices are {', '.join(self.voices)}."
        return _error(400, message, "invalid_request_error", param="voice", code="voice_not_found")

    def _refuse(self, fault: Fault) -> web.Response:
        kind, code, message = _REFUSALS[fault]
        param = "input" if fault is Fault.BAD_INPUT else None
        headers = self.retry_after_headers(fault)
        return _error(REFUSAL_STATUS[fault], message, kind, param=param, code=code, headers=headers)

    def _refuse_voices(self, status: int, fault: Fault) -> web.Response:
        return self._voice_gone("") if fault is Fault.VOICE_GONE else self._refuse(fault)


def _check_key(request: web.Request) -> None:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme != "Bearer" or not key.strip():
        raise _Refused(401, "You didn't provide an API key.", code="invalid_api_key")


def _received(asked: Mapping[str, Any], raw: str, headers: Mapping[str, str]) -> Received:
    # The old models say what they are given and do not listen to instructions.
    return Received(
        text=asked["input"],
        voice=asked["voice"],
        rate=str(asked["speed"]),
        instructions="" if asked["model"] in _OLD_MODELS else asked["instructions"],
        model=asked["model"],
        output_format=asked["response_format"],
        raw=raw,
        headers=headers,
    )


def _error(
    status: int,
    message: str,
    kind: str,
    *,
    param: str | None = None,
    code: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    error = {"message": message, "type": kind, "param": param, "code": code}
    return web.json_response({"error": error}, status=status, headers=headers)
