import hashlib
import io
import logging
import time
import wave
from collections.abc import Sequence

import pytest

from gpu_service.ports import Line
from speech_contract.jobs import JobAudio, audio_key
from tests.builders.jobs import speech_job
from tests.fakes.xtts_engine import FakeXttsEngine
from tests.gpu_service.cloud import Cloud, until
from tests.gpu_service.conftest import Gate, StartWorker


def test_a_job_ends_as_a_wav_file_and_a_result_and_is_deleted(
    cloud: Cloud, worker: StartWorker, caplog: pytest.LogCaptureFixture
) -> None:
    job = speech_job("一二三四五", request_id="asker")
    cloud.send(job, lane="express")
    with caplog.at_level(logging.INFO), worker(cloud):
        (result,) = cloud.results(1)
        until(cloud.is_empty)
    assert (result.id, result.request_id) == (job.id, "asker")
    (line,) = [vars(each) for each in caplog.records if each.msg == "job ended"]
    assert (line["job"], line["request_id"]) == (job.id, "asker")
    assert result.audio == JobAudio(key=audio_key(job.id), sample_rate_hz=24_000, duration_ms=100)
    with wave.open(io.BytesIO(cloud.audio(audio_key(job.id)))) as wav:
        assert (wav.getnchannels(), wav.getsampwidth(), wav.getframerate(), wav.getnframes()) == (1, 2, 24_000, 2400)


def test_jobs_are_received_while_others_are_made_and_then_made_together(cloud: Cloud, worker: StartWorker) -> None:
    engine = FakeXttsEngine(gate := Gate())
    with worker(cloud, engine):
        cloud.send(speech_job())
        assert gate.began.wait(20)
        cloud.send(*(speech_job() for _ in range(8)))
        until(lambda: cloud.hidden("standard") == 9)
        gate.go_on.set()
        results = cloud.results(9)
    assert len(engine.batches[1]) == 8
    assert sorted(result.batch for result in results) == [1] + [8] * 8


def test_a_job_past_its_deadline_is_not_spoken(cloud: Cloud, worker: StartWorker) -> None:
    engine = FakeXttsEngine()
    cloud.send(speech_job(expires_at_ms=time.time_ns() // 1_000_000 - 1))
    with worker(cloud, engine):
        (result,) = cloud.results(1)
        until(cloud.is_empty)
    assert (result.reason, result.audio, engine.batches) == ("expired", None, [])


def test_a_job_whose_deadline_ends_while_it_waits_is_not_spoken(cloud: Cloud, worker: StartWorker) -> None:
    engine = FakeXttsEngine(gate := Gate())
    with worker(cloud, engine):
        cloud.send(speech_job("一"))
        assert gate.began.wait(20)
        late = speech_job("二", expires_at_ms=time.time_ns() // 1_000_000 + 300)
        cloud.send(late)
        until(lambda: cloud.hidden("standard") == 2 and time.time_ns() // 1_000_000 > late.expires_at_ms)
        gate.go_on.set()
        reasons = {result.id: result.reason for result in cloud.results(2)}
    assert reasons[late.id] == "expired"
    assert len(engine.batches) == 1


def test_a_message_that_is_no_job_ends_among_the_dead_letters(cloud: Cloud, worker: StartWorker) -> None:
    cloud.send("{", '{"version": 2}', speech_job())
    with worker(cloud):
        cloud.results(1)
        until(lambda: cloud.dead() == 2)
        until(cloud.is_empty)


def test_a_job_that_comes_twice_has_one_object_and_two_equal_results(cloud: Cloud, worker: StartWorker) -> None:
    job = speech_job(seed=7)
    with worker(cloud):
        cloud.send(job)
        (first,) = cloud.results(1)
        heard = cloud.audio(audio_key(job.id))
        cloud.send(job)
        (second,) = cloud.results(1)
    assert (first.id, first.audio, first.reason) == (second.id, second.audio, second.reason)
    assert cloud.audio(audio_key(job.id)) == heard


def test_a_line_that_cannot_be_said_takes_no_other_with_it(cloud: Cloud, worker: StartWorker) -> None:
    bad, good = speech_job(speaker="nobody"), speech_job()
    cloud.send(bad, good)
    with worker(cloud):
        results = {result.id: result for result in cloud.results(2)}
        until(cloud.is_empty)
    assert results[bad.id].reason == "unknown_voice"
    assert results[good.id].audio


def test_an_engine_that_fails_over_one_line_says_the_others(cloud: Cloud, worker: StartWorker) -> None:
    def stumble(lines: Sequence[Line]) -> None:
        if any("坏" in line.parts[0] for line in lines):
            raise RuntimeError("device-side assert")

    bad, good = speech_job("坏"), speech_job("好")
    cloud.send(bad, good)
    with worker(cloud, FakeXttsEngine(stumble)) as running:
        reasons = {result.id: result.reason for result in cloud.results(2)}
    assert reasons == {bad.id: "failed", good.id: None}
    assert running.status == 0


def test_an_engine_that_fails_whatever_it_is_asked_ends_the_process(cloud: Cloud, worker: StartWorker) -> None:
    def fail(_: Sequence[Line]) -> None:
        raise RuntimeError("the GPU has fallen off the bus")

    cloud.send(*(speech_job() for _ in range(4)))
    with worker(cloud, FakeXttsEngine(fail)) as running:
        running.join()
    assert running.status == 70
    assert running.watch.health == "broken"


def test_a_recording_is_fetched_once(cloud: Cloud, worker: StartWorker) -> None:
    recording = b"RIFF recording"
    reference = {"key": "models/reference_voices/mine.wav", "sha256": hashlib.sha256(recording).hexdigest()}
    cloud.put(str(reference["key"]), recording)
    engine = FakeXttsEngine()
    with worker(cloud, engine):
        cloud.send(speech_job(reference=reference, speaker="mine"))
        assert cloud.results(1)[0].audio
        cloud.s3.delete_object(Bucket="danmu-audio", Key=reference["key"])
        cloud.send(speech_job(reference=reference, speaker="mine"))
        assert cloud.results(1)[0].audio
    first, second = (lines[0].reference for lines in engine.batches)
    assert first
    assert second
    assert (first.wav, second.wav) == (recording, None)


def test_a_recording_that_is_another_or_missing_is_refused(cloud: Cloud, worker: StartWorker) -> None:
    cloud.put("models/reference_voices/other.wav", b"RIFF another")
    for key in ("models/reference_voices/other.wav", "models/reference_voices/none.wav"):
        cloud.send(speech_job(reference={"key": key, "sha256": "0" * 64}))
    engine = FakeXttsEngine()
    with worker(cloud, engine):
        assert {result.reason for result in cloud.results(2)} == {"bad_reference"}
    assert engine.batches == []
