"""Voices of one's own over REST: the real application, a server that speaks S3, and whoever would misuse them."""

import base64
import json
import time
from calendar import timegm
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from danmu_tts import process_loop
from danmu_tts.bootstrap import Container, build
from danmu_tts.domain.access import ANONYMOUS, Principal, Role, Scope
from danmu_tts.domain.errors import BackendDisabledError, VoiceNotFoundError
from danmu_tts.settings import CacheSettings, S3Settings, SecuritySettings, Settings, TtsSettings
from danmu_tts.settings_backends import XttsSettings
from functions.rest_api.app import create_app
from functions.rest_api.lambda_adapter import LambdaAdapter
from tests.builders.fake_backend import FakeBackend
from tests.builders.http_event import http_event, local_event
from tests.builders.recordings import RATE_HZ, noise, silence, sound_file, speech, spoken_wav
from tests.builders.rest_service import bearer
from tests.builders.s3 import Bucket, Requests, the_bucket
from tests.builders.speech import KEY, a_speech
from tests.servers.s3_server import BUCKET, ENVIRONMENT, S3Server

MOST_BYTES = 400_000
MOST_VOICES = 3
PATH = "/v1/voices/xtts"
NOBODYS = "0" * 32
WISH: dict[str, Any] = {
    "name": "我的声音",
    "content_type": "audio/wav",
    "bytes": 300_000,
    "consent": True,
    "consent_text": "I recorded this myself and agree to be cloned.",
}
Answer = tuple[int, Any]
Served = tuple[Container, Bucket, LambdaAdapter]


class Site:
    """The service on a bucket, and two callers who know nothing of one another."""

    def __init__(self, container: Container, bucket: Bucket, adapter: LambdaAdapter) -> None:
        self.container = container
        self.bucket = bucket
        self._adapter = adapter
        self.mine, self.theirs = (self.key(Scope.SPEAK) for _ in range(2))

    def key(self, *scopes: Scope) -> str:
        return str(process_loop.run(self.container.access.create("test", scopes)).text)

    def ask(self, method: str, path: str = "", body: Any = None, credential: str | None = None) -> Answer:
        return self.answer(http_event(method, PATH + path, body, headers=bearer(credential or self.mine)))

    def answer(self, event: dict[str, Any]) -> Answer:
        result = self._adapter(event, None)
        self.headers = result["headers"]
        return result["statusCode"], json.loads(result["body"]) if result["body"] else None

    def begin(self, **changed: Any) -> dict[str, Any]:
        status, voice = self.ask("POST", body=WISH | changed)
        assert status == 201, voice
        made: dict[str, Any] = voice
        return made

    def sent(self, data: bytes, **changed: Any) -> str:
        """The id of a voice whose file was sent by its form."""
        voice = self.begin(**changed)
        form = voice["upload"]
        answer = httpx.post(form["url"], data=form["fields"], files={"file": ("a.wav", data)}, trust_env=False)
        assert answer.status_code == 204, answer.text
        return str(voice["id"])

    def ready(self) -> dict[str, Any]:
        status, voice = self.ask("POST", f"/{self.sent(spoken_wav())}/check")
        assert status == 200, voice
        made: dict[str, Any] = voice
        return made

    def principal(self, key: str) -> Principal:
        return process_loop.run(self.container.access.identify(key, local=False))

    def find(self, voice: str, key: str) -> Any:
        return process_loop.run(self.container.reference_voices.find(voice, self.principal(key)))


def settings_in(directory: Path) -> Settings:
    return Settings(
        tts=TtsSettings(backends=()),
        cache=CacheSettings(directory=directory / "cache"),
        security=SecuritySettings(keys_directory=directory / "keys"),
        s3=S3Settings(bucket=BUCKET, timeout_ms=5000),
        xtts=XttsSettings(enabled=True, reference_max_bytes=MOST_BYTES, most_references=MOST_VOICES),
    )


@pytest.fixture(scope="module")
def service(s3_server: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One for all tests: each has keys, and so voices, of its own."""
    s3_server.reset()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (ENVIRONMENT | {"AWS_ENDPOINT_URL_S3": s3_server.url}).items():
            patch.setenv(name, value)
        container = build(settings_in(tmp_path_factory.mktemp("service")), backends={"fake": FakeBackend()})
        with the_bucket(s3_server) as bucket:
            yield container, bucket, LambdaAdapter(create_app(container))
        process_loop.run(container.close())


@pytest.fixture
def site(service: Served) -> Site:
    return Site(*service)


def test_a_recording_becomes_a_voice(site: Site) -> None:
    voice = site.begin()
    assert site.headers["location"] == f"{PATH}/{voice['id']}"
    assert voice.items() >= {"voice": f"xtts:ref-{voice['id']}", "name": "我的声音", "status": "waiting"}.items()
    assert site.ask("POST", f"/{voice['id']}/check")[0] == 400
    form = voice["upload"]
    assert httpx.post(form["url"], data=form["fields"], files={"file": spoken_wav()}, trust_env=False).is_success
    status, ready = site.ask("POST", f"/{voice['id']}/check")
    assert (status, ready["status"], ready["reason"]) == (200, "ready", None)
    assert 5000 < ready["duration_ms"] < 5700
    assert site.ask("POST", f"/{voice['id']}/check") == (200, ready)
    assert site.ask("GET", f"/{voice['id']}") == (200, ready)
    assert site.ask("GET") == (200, {"voices": [ready]})
    names = [name for name in site.bucket.names() if voice["id"] in name]
    assert sorted(names) == sorted(
        [f"models/reference_voices/{voice['id']}.wav", f"models/reference_voices/{owner(site)}/{voice['id']}.json"]
    )
    assert site.bucket.facts(names[0])["ServerSideEncryption"] == "AES256"


def owner(site: Site) -> str:
    return site.mine.split("_")[1]


def test_the_form_binds_what_is_uploaded(site: Site) -> None:
    before = time.time()
    voice = site.begin(content_type="audio/flac")
    form = voice["upload"]
    policy = json.loads(base64.b64decode(form["fields"]["policy"]))
    conditions = policy["conditions"]
    assert {"key": f"temp/uploads/{voice['id']}"} in conditions
    assert {"bucket": BUCKET} in conditions
    assert ["eq", "$Content-Type", "audio/flac"] in conditions
    assert ["eq", "$x-amz-server-side-encryption", "AES256"] in conditions
    assert ["content-length-range", 1, WISH["bytes"]] in conditions
    assert not any(each[0] == "starts-with" for each in conditions if isinstance(each, list))
    assert form["fields"]["key"] == f"temp/uploads/{voice['id']}"
    assert form["fields"]["x-amz-algorithm"] == "AWS4-HMAC-SHA256"
    ends = timegm(time.strptime(policy["expiration"], "%Y-%m-%dT%H:%M:%SZ"))
    assert before + 598 <= form["expires_at"] <= ends + 1 <= before + 660
    assert (form["method"], form["max_bytes"]) == ("POST", WISH["bytes"])


WISHES: list[tuple[dict[str, Any], str]] = [
    ({"consent": False}, "consent"),
    ({"consent": None}, "consent"),
    ({"consent": "true"}, "consent"),
    ({"consent": 1}, "consent"),
    ({"consent_text": "ok"}, "consent_text"),
    ({"consent_text": " " * 100}, "consent_text"),
    ({"consent_text": "x" * 1001}, "consent_text"),
    ({"content_type": "text/html"}, "content_type"),
    ({"content_type": "audio/wav, text/html"}, "content_type"),
    ({"bytes": 0}, "bytes"),
    ({"bytes": -1}, "bytes"),
    ({"bytes": "10"}, "bytes"),
    ({"bytes": 1_000_000_000}, "bytes"),
    ({"bytes": MOST_BYTES + 1}, "bytes"),
    ({"name": ""}, "name"),
    ({"name": "   "}, "name"),
    ({"name": "a\x00b"}, "name"),
    ({"name": "\ud800"}, "name"),
    ({"name": "x" * 81}, "name"),
    ({"url": "http://169.254.169.254/latest/meta-data"}, "url"),
    ({"key": "models/reference_voices/x.wav"}, "key"),
]


def test_a_wish_that_cannot_be_granted_is_refused_and_leaves_nothing(site: Site) -> None:
    for changed, param in WISHES:
        status, answer = site.ask("POST", body=WISH | changed)
        found = (status, answer["error"]["code"], answer["error"]["param"])
        assert found == (400, "invalid_request", param), changed
    assert site.ask("GET") == (200, {"voices": []})


def test_consent_may_not_be_left_out(site: Site) -> None:
    for name in ("consent", "consent_text"):
        status, answer = site.ask("POST", body={key: value for key, value in WISH.items() if key != name})
        assert (status, answer["error"]["param"]) == (400, name)


def test_the_limit_is_named(site: Site) -> None:
    assert "400,000 bytes" in site.ask("POST", body=WISH | {"bytes": 1_000_000_000})[1]["error"]["message"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (lambda: b"<!DOCTYPE html><html>not found</html>", "This is an HTML page, not audio"),
        (lambda: sound_file(speech()[: RATE_HZ // 20]), "It is 0.05 s long; 3 to 30 s are needed."),
        (lambda: sound_file(silence(3600, 16_000), 16_000, "FLAC")[:MOST_BYTES], "3,600.00 s long"),
        (lambda: sound_file(noise(5)), "No speech"),
        (lambda: spoken_wav()[:100_000], "cut off"),
    ],
    ids=["html", "50 ms", "an hour", "noise", "half"],
)
def test_what_will_not_do_is_refused_for_good_and_deleted(site: Site, data: Callable[[], bytes], reason: str) -> None:
    voice_id = site.sent(data(), bytes=MOST_BYTES)
    for _ in range(2):
        status, answer = site.ask("POST", f"/{voice_id}/check")
        assert (status, answer["error"]["code"], answer["error"]["param"]) == (400, "invalid_request", "file")
        assert reason in answer["error"]["message"]
    status, voice = site.ask("GET", f"/{voice_id}")
    assert (status, voice["status"], voice["duration_ms"]) == (200, "refused", None)
    assert reason in voice["reason"]
    assert [name for name in site.bucket.names() if voice_id in name and not name.endswith(".json")] == []
    site.bucket.write(f"temp/uploads/{voice_id}", spoken_wav())
    assert site.ask("POST", f"/{voice_id}/check")[0] == 400
    with pytest.raises(VoiceNotFoundError, match="was refused"):
        site.find(voice["voice"], site.mine)


@pytest.mark.parametrize("size", [MOST_BYTES + 1, WISH["bytes"] + 1])
def test_what_is_too_large_in_spite_of_the_policy_is_not_even_read(site: Site, size: int) -> None:
    voice_id = site.begin()["id"]
    site.bucket.write(f"temp/uploads/{voice_id}", spoken_wav() + bytes(size - len(spoken_wav())))
    requests = Requests(site.bucket.server)
    status, answer = site.ask("POST", f"/{voice_id}/check")
    assert (status, f"{size:,} bytes" in answer["error"]["message"]) == (400, True)
    made = [each for each in requests.made() if " temp " in each]
    assert made == ["HEAD temp 200", "DELETE temp 204"]


def test_nobody_learns_of_anothers_voice(site: Site) -> None:
    voice = site.ready()
    for method, after in (("GET", ""), ("DELETE", ""), ("POST", "/check")):
        status, theirs = site.ask(method, f"/{voice['id']}{after}", credential=site.theirs)
        unknown = site.ask(method, f"/{NOBODYS}{after}", credential=site.theirs)
        assert (status, theirs["error"]["code"]) == (404, "voice_not_found")
        assert unknown == (404, {"error": theirs["error"] | {"message": unknown[1]["error"]["message"]}})
        assert theirs["error"]["message"].replace(voice["id"], NOBODYS) == unknown[1]["error"]["message"]
    assert site.ask("GET", credential=site.theirs) == (200, {"voices": []})
    assert site.ask("GET", f"/{voice['id']}") == (200, voice)
    with pytest.raises(VoiceNotFoundError) as theirs_error:
        site.find(voice["voice"], site.theirs)
    with pytest.raises(VoiceNotFoundError) as unknown_error:
        site.find(f"xtts:ref-{NOBODYS}", site.theirs)
    assert theirs_error.value.message.replace(voice["id"], NOBODYS) == unknown_error.value.message


NO_IDS = ["x", "..", "%2e%2e%2f", "A" * 32, NOBODYS + "0", "a" * 120, "%E5%BC%B9"]


def test_what_is_no_id_is_an_unknown_one_and_nothing_is_looked_for(site: Site) -> None:
    requests = Requests(site.bucket.server)
    for voice_id in NO_IDS:
        for method, after in (("GET", ""), ("DELETE", ""), ("POST", "/check")):
            event = http_event(method, f"{PATH}/{voice_id}{after}", headers=bearer(site.mine))
            status, answer = site.answer(event)
            found = (status, answer["error"]["code"])
            assert found in {(404, "voice_not_found"), (404, "not_found"), (405, "invalid_request")}, voice_id
    assert [each for each in requests.made() if " keys " not in each] == []


def test_its_owner_speaks_by_it_under_both_names(site: Site) -> None:
    voice = site.ready()
    found = site.find(voice["voice"], site.mine)
    assert (found.voice.id, found.voice.language, found.voice.backend) == (voice["voice"], "mul", "xtts")
    assert found.reference.key == f"models/reference_voices/{voice['id']}.wav"
    assert found.reference.sha256 == found.voice.revision
    assert site.bucket.read(found.reference.key)[:4] == b"RIFF"
    assert site.find(f"ref-{voice['id']}", site.mine) == found
    for other in ("xtts:ana-florence", "edge:ref-x", "ana-florence", "ref-", "ref-zz", ""):
        assert site.find(other, site.mine) is None


def test_looking_again_asks_s3_no_more(site: Site) -> None:
    voice = site.ready()
    site.find(voice["voice"], site.mine)
    with pytest.raises(VoiceNotFoundError):
        site.find(f"xtts:ref-{NOBODYS}", site.mine)
    requests = Requests(site.bucket.server)
    site.find(voice["voice"], site.mine)
    with pytest.raises(VoiceNotFoundError):
        site.find(f"xtts:ref-{NOBODYS}", site.mine)
    assert [each for each in requests.made() if " keys " not in each] == []


def test_one_that_waits_says_so(site: Site) -> None:
    voice_id = site.sent(spoken_wav())
    with pytest.raises(VoiceNotFoundError, match="waits for its recording"):
        site.find(f"ref-{voice_id}", site.mine)
    site.ask("POST", f"/{voice_id}/check")
    assert site.find(f"ref-{voice_id}", site.mine)


def test_what_is_deleted_is_gone_with_all_that_it_spoke(site: Site) -> None:
    voice = site.ready()
    cache, voices = site.container.cache, site.container.reference_voices
    process_loop.run(cache.set(KEY, a_speech(voice=voice["voice"])))
    process_loop.run(voices.note_audio(voice["voice"], KEY))
    assert site.find(voice["voice"], site.mine)
    assert site.ask("DELETE", f"/{voice['id']}") == (204, None)
    assert [name for name in site.bucket.names() if voice["id"] in name or KEY in name] == []
    assert process_loop.run(cache.get(KEY)) is None
    with pytest.raises(VoiceNotFoundError):
        site.find(voice["voice"], site.mine)
    for method, after in (("GET", ""), ("DELETE", ""), ("POST", "/check")):
        assert site.ask(method, f"/{voice['id']}{after}")[0] == 404


def test_a_tenant_has_so_many_and_no_more(site: Site) -> None:
    made = [site.begin()["id"] for _ in range(MOST_VOICES)]
    status, answer = site.ask("POST", body=WISH)
    assert (status, answer["error"]["code"]) == (400, "invalid_request")
    assert "You have 3 voices" in answer["error"]["message"]
    assert site.ask("POST", body=WISH, credential=site.theirs)[0] == 201
    site.ask("DELETE", f"/{made[0]}")
    assert site.ask("POST", body=WISH)[0] == 201


def test_a_caller_without_a_key_has_voices_of_its_own(site: Site) -> None:
    status, voice = site.answer(local_event("POST", PATH, WISH))
    assert status == 201
    assert voice["id"] in {each["id"] for each in site.answer(local_event("GET", PATH))[1]["voices"]}
    assert site.ask("GET") == (200, {"voices": []})
    assert process_loop.run(site.container.reference_voices.get(ANONYMOUS, voice["id"])).owner == "local"


CALLS = [("POST", "", WISH), ("GET", "", None), ("GET", "/x", None), ("DELETE", "/x", None), ("POST", "/x/check", None)]


def test_it_takes_a_key_that_may_speak(site: Site) -> None:
    record = process_loop.run(site.container.access.find(site.mine))
    token = site.container.access.room_token(record, "r", Role.CONSOLE, 60)
    listener = site.key(Scope.DANMU, Scope.LISTEN)
    for method, path, body in CALLS:
        assert site.answer(http_event(method, PATH + path, body))[0] == 401
        for credential in (token, listener):
            status, answer = site.ask(method, path, body, credential)
            assert (status, answer["error"]["code"]) == (403, "forbidden"), (method, path)


@pytest.mark.parametrize(
    ("changed", "advice"),
    [({"xtts": XttsSettings()}, "DANMU_TTS_XTTS__ENABLED=true"), ({"s3": S3Settings()}, "DANMU_TTS_S3__BUCKET")],
)
def test_where_they_cannot_be_had_it_says_how_to_have_them(
    tmp_path: Path, changed: dict[str, Any], advice: str
) -> None:
    container = build(settings_in(tmp_path).model_copy(update=changed), backends={"fake": FakeBackend()})
    adapter = LambdaAdapter(create_app(container))
    for method, path, body in CALLS:
        result = adapter(local_event(method, PATH + path, body), None)
        error = json.loads(result["body"])["error"]
        assert (result["statusCode"], error["code"]) == (503, "backend_unavailable"), (method, path)
        assert advice in error["message"]
    with pytest.raises(BackendDisabledError):
        process_loop.run(container.reference_voices.find("xtts:ref-0", ANONYMOUS))
    assert process_loop.run(container.reference_voices.find("edge:one", ANONYMOUS)) is None


def test_the_description_has_them_with_an_example(site: Site) -> None:
    described = create_app(site.container).openapi()
    assert {path for path in described["paths"] if path.startswith(PATH)} == {
        PATH,
        f"{PATH}/{{voice_id}}",
        f"{PATH}/{{voice_id}}/check",
    }
    assert described["components"]["schemas"]["ReferenceVoiceRequest"]["examples"][0]["consent"] is True
