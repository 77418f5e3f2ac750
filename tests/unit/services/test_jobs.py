"""Speech that is made elsewhere: one end for each job, whichever comes first, and somebody always speaks."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from danmu_tts.domain.access import Principal, Scope
from danmu_tts.domain.connections import Connection
from danmu_tts.domain.errors import BackendNetworkError, NotFoundError
from danmu_tts.domain.jobs import JobStatus, gpu_time_s
from danmu_tts.domain.speech import Priority, Speech, SpeechRequest
from danmu_tts.observability import request_scope
from danmu_tts.ports import Plugin
from speech_contract.frames import Audio, Cancelled, Done, Error
from speech_contract.jobs import JobDeadline
from tests.builders.fake_backend import FakeBackend
from tests.builders.job_bench import FALLBACK_S, HERE, PATIENCE_S, SPEAKER, JobBench, job_bench
from tests.builders.logs import captured_logs
from tests.builders.queued_backend import QueuedFakeBackend, failed, spoken

STRANGER = Principal(key_id="bbbbbbbbbbbb", scopes=frozenset({Scope.SPEAK}))


@pytest.fixture
def bench(tmp_path: Path) -> JobBench:
    return job_bench(tmp_path)


async def test_a_job_is_queued_until_its_result_comes(bench: JobBench) -> None:
    job = await bench.begin()
    assert (await bench.jobs.get(SPEAKER, job.id)).status is JobStatus.QUEUED
    bench.clock.advance(3)
    await bench.jobs.result(spoken(*bench.sent(job)))
    state = await bench.jobs.get(SPEAKER, job.id)
    assert state.status is JobStatus.DONE
    speech = await bench.jobs.speech_of(state)
    assert speech
    assert (speech.id, speech.encoded.voice, speech.fallback) == (job.id, "far:en-US", None)
    assert speech.encoded.audio
    assert speech.timings.total_ms == pytest.approx(3000, abs=50)
    assert not bench.near.spoken
    assert bench.metrics.jobs == {"result": 1}


async def test_what_it_is_sent_says_how_and_until_when(bench: JobBench) -> None:
    fields: dict[str, Any] = {"text": "Bonsoir à tous", "language": "fr", "priority": Priority.HIGH, "room": "night"}
    job = await bench.begin(**fields, deadline_ms=10_000)
    utterance, terms = bench.sent(job)
    assert (utterance.text, utterance.language, utterance.voice.id) == ("Bonsoir à tous", "fr", "far:en-US")
    assert (terms.express, terms.room, terms.deadline) == (True, "night", True)
    assert terms.expires_at_ms - terms.created_at_ms == pytest.approx((10 - FALLBACK_S) * 1000, abs=50)


async def test_what_is_kept_is_spoken_at_once(bench: JobBench) -> None:
    job = await bench.begin()
    await bench.jobs.result(spoken(*bench.sent(job)))
    assert (await bench.ask()).cached
    assert len(bench.far.sent) == 1


async def test_another_voice_speaks_at_the_deadline(bench: JobBench) -> None:
    job = await bench.begin()
    bench.clock.advance(PATIENCE_S)
    await bench.jobs.deadline(JobDeadline(id=job.id))
    speech = await bench.jobs.speech_of(await bench.jobs.get(SPEAKER, job.id))
    assert speech
    assert speech.encoded.voice == "near:en-US"
    assert speech.fallback
    assert (speech.fallback.voice, speech.fallback.reason) == ("far:en-US", "timeout")
    assert bench.metrics.jobs == {"deadline": 1}


async def test_whoever_ends_a_job_logs_under_the_request_that_began_it(bench: JobBench) -> None:
    with request_scope("asker-1"):
        late = await bench.begin(text="Nobody makes this one.")
    with request_scope("asker-2"):
        made = await bench.begin(text="A GPU makes this one.")
    assert bench.sent(late)[1].request_id == "asker-1"
    with captured_logs() as records, request_scope("a-message"):
        await bench.jobs.result(spoken(*bench.sent(made)))
        bench.clock.advance(PATIENCE_S)
        await bench.jobs.deadline(JobDeadline(id=late.id))
    ended = {each.__dict__["job"]: each.__dict__["request_id"] for each in records if each.msg == "job ended"}
    assert ended == {late.id: "asker-1", made.id: "asker-2"}
    assert {each.__dict__["request_id"] for each in records if each.msg == "speech"} == {"asker-1", "asker-2"}


async def test_another_voice_speaks_at_once_for_what_a_gpu_could_not(bench: JobBench) -> None:
    job = await bench.begin()
    await bench.jobs.result(failed(bench.sent(job)[1]))
    speech = await bench.jobs.speech_of(await bench.jobs.get(SPEAKER, job.id))
    assert speech
    assert (speech.encoded.voice, speech.fallback and speech.fallback.reason) == ("near:en-US", "server_error")


async def test_a_result_that_is_no_speech_is_not_believed(bench: JobBench) -> None:
    job = await bench.begin()
    result = spoken(*bench.sent(job))
    assert result.audio
    endless = result.model_copy(update={"audio": result.audio.model_copy(update={"duration_ms": 600_000})})
    await bench.jobs.result(endless)
    speech = await bench.jobs.speech_of(await bench.jobs.get(SPEAKER, job.id))
    assert speech
    assert (speech.encoded.voice, speech.fallback and speech.fallback.reason) == ("near:en-US", "bad_audio")


async def test_a_result_after_the_deadline_changes_nothing_and_its_audio_goes(bench: JobBench) -> None:
    job = await bench.begin("a1")
    bench.clock.advance(PATIENCE_S)
    await bench.jobs.deadline(JobDeadline(id=job.id))
    before = await bench.jobs.get(SPEAKER, job.id)
    await bench.jobs.result(spoken(*bench.sent(job)))
    assert await bench.jobs.get(SPEAKER, job.id) == before
    assert bench.far.discarded == [job.id]
    assert [type(each) for each in bench.pusher.sent[HERE.id]] == [Audio, Done]


async def test_a_deadline_after_the_result_makes_nothing(bench: JobBench) -> None:
    job = await bench.begin("a1")
    await bench.jobs.result(spoken(*bench.sent(job)))
    bench.clock.advance(PATIENCE_S)
    await bench.jobs.deadline(JobDeadline(id=job.id))
    assert not bench.near.spoken
    assert [type(each) for each in bench.pusher.sent[HERE.id]] == [Audio, Done]


async def test_a_deadline_that_comes_a_moment_too_early_waits_for_the_result(tmp_path: Path) -> None:
    results: list[asyncio.Task[None]] = []
    bench = job_bench(tmp_path, on_sleep=lambda _: results.append(asyncio.create_task(bench.jobs.result(result))))
    job = await bench.begin()
    result = spoken(*bench.sent(job))
    bench.clock.advance(PATIENCE_S - 0.7)
    await bench.jobs.deadline(JobDeadline(id=job.id))
    await asyncio.gather(*results)
    assert bench.slept_s == [pytest.approx(0.7, abs=0.05)]
    assert (await bench.jobs.get(SPEAKER, job.id)).status is JobStatus.DONE


async def test_whoever_asks_for_a_job_whose_deadline_nobody_has_told_ends_it(bench: JobBench) -> None:
    job = await bench.begin()
    bench.clock.advance(PATIENCE_S + 0.9)
    assert (await bench.jobs.get(SPEAKER, job.id)).status is JobStatus.QUEUED
    bench.clock.advance(0.2)
    state = await bench.jobs.get(SPEAKER, job.id)
    assert state.status is JobStatus.DONE
    assert state.speech
    assert state.speech.encoded.backend == "near"


async def test_a_process_that_lives_on_tells_deadlines_itself(tmp_path: Path) -> None:
    told = asyncio.Event()
    bench = job_bench(tmp_path, keeps_time=True, on_sleep=lambda _: told.set())
    job = await bench.begin("a1")
    await told.wait()
    assert bench.slept_s == [pytest.approx(PATIENCE_S + 1, abs=0.1)]
    await bench.pusher.until_sent(HERE.id, 2)
    assert bench.metrics.jobs == {"deadline": 1}
    assert (await bench.jobs.get(SPEAKER, job.id)).status is JobStatus.DONE


async def test_everything_may_come_twice(bench: JobBench) -> None:
    job = await bench.begin("a1")
    result = spoken(*bench.sent(job))
    await asyncio.gather(*(bench.jobs.result(result) for _ in range(2)))
    await asyncio.gather(*(bench.jobs.deadline(JobDeadline(id=job.id)) for _ in range(2)))
    assert [type(each) for each in bench.pusher.sent[HERE.id]] == [Audio, Done]
    assert bench.metrics.jobs == {"result": 1}


async def test_results_and_deadlines_of_nobody_are_let_go(bench: JobBench) -> None:
    job = await bench.begin()
    stranger = replace(bench.sent(job)[1], id="nobody")
    await bench.jobs.result(spoken(bench.sent(job)[0], stranger))
    await bench.jobs.deadline(JobDeadline(id="nobody"))
    assert bench.far.discarded == ["nobody"]
    assert (await bench.jobs.get(SPEAKER, job.id)).status is JobStatus.QUEUED


async def test_where_no_job_can_be_sent_another_voice_speaks_now(tmp_path: Path) -> None:
    bench = job_bench(tmp_path, far=QueuedFakeBackend(refuses_with=BackendNetworkError("The queue is away.")))
    speech = await bench.ask()
    assert (speech.encoded.voice, speech.fallback and speech.fallback.reason) == ("near:en-US", "network")


async def test_a_backend_that_is_late_again_and_again_is_left_alone(bench: JobBench) -> None:
    """A GPU that is gone makes the first askers wait, not all of them."""
    for number in range(20):
        request = SpeechRequest(f"Good evening, number {number}", voice="far:en-US", principal=SPEAKER)
        asked = await bench.jobs.ask(request, captions=False)
        if isinstance(asked, Speech):
            assert asked.fallback
            assert asked.fallback.reason == "circuit_open"
            return
        bench.clock.advance(PATIENCE_S)
        await bench.jobs.deadline(JobDeadline(id=asked.job.id))
    pytest.fail("every one of them waited")


async def test_where_nobody_can_speak_the_job_fails_with_its_reason(tmp_path: Path) -> None:
    bench = job_bench(tmp_path, near=FakeBackend("near", fails_with=BackendNetworkError("Gone.")))
    job = await bench.begin("a1")
    await bench.jobs.result(failed(bench.sent(job)[1]))
    state = await bench.jobs.get(SPEAKER, job.id)
    assert state.status is JobStatus.FAILED
    assert state.failure
    assert state.failure.code == "no_backend_available"
    (error,) = bench.pusher.sent[HERE.id]
    assert isinstance(error, Error)
    assert (error.id, error.error.code) == ("a1", "no_backend_available")


async def test_what_was_cancelled_stays_unspoken(bench: JobBench) -> None:
    job = await bench.begin("a1")
    assert (await bench.jobs.cancel(SPEAKER, job.id)).status is JobStatus.CANCELLED
    await bench.jobs.result(spoken(*bench.sent(job)))
    await bench.jobs.deadline(JobDeadline(id=job.id))
    assert bench.pusher.sent[HERE.id] == [Cancelled(id="a1")]
    assert not bench.near.spoken


async def test_what_has_ended_cannot_be_cancelled(bench: JobBench) -> None:
    job = await bench.begin()
    await bench.jobs.result(spoken(*bench.sent(job)))
    assert (await bench.jobs.cancel(SPEAKER, job.id)).status is JobStatus.DONE


async def test_a_job_is_its_askers_alone(bench: JobBench) -> None:
    job = await bench.begin()
    for step in (bench.jobs.get, bench.jobs.cancel):
        with pytest.raises(NotFoundError):
            await step(STRANGER, job.id)
    assert (await bench.jobs.get(SPEAKER, job.id)).status is JobStatus.QUEUED


async def test_a_client_hears_by_url_what_it_asked_for(bench: JobBench) -> None:
    job = await bench.begin("a1")
    await bench.jobs.result(spoken(*bench.sent(job)))
    audio, done = bench.pusher.sent[HERE.id]
    assert isinstance(audio, Audio)
    assert isinstance(done, Done)
    assert (audio.id, audio.seq, audio.final) == ("a1", 0, True)
    assert audio.url
    assert audio.url.startswith("https://tts.example/audio/")
    assert (done.id, done.backend, done.fallback_from) == ("a1", "far", None)


async def test_a_client_that_was_gone_hears_it_when_it_is_back(bench: JobBench) -> None:
    bench.pusher.gone.add(HERE.id)
    job = await bench.begin("a1")
    await bench.jobs.result(spoken(*bench.sent(job)))
    there = replace(HERE, id="there", connected_at_ms=5)
    assert await bench.jobs.come_back(there, "a1")
    assert [type(each) for each in bench.pusher.sent["there"]] == [Audio, Done]


async def test_a_client_that_comes_back_before_the_end_hears_it_where_it_is(bench: JobBench) -> None:
    job = await bench.begin("a1")
    there = replace(HERE, id="there", connected_at_ms=5)
    assert await bench.jobs.come_back(there, "a1")
    await bench.jobs.result(spoken(*bench.sent(job)))
    assert [type(each) for each in bench.pusher.sent["there"]] == [Audio, Done]
    assert not bench.pusher.sent[HERE.id]


async def test_nobody_elses_client_comes_back_for_it(bench: JobBench) -> None:
    await bench.begin("a1")
    assert not await bench.jobs.come_back(Connection("elsewhere", "https://api"), "a1")
    assert not await bench.jobs.cancel_heard("elsewhere", "a1")


async def test_a_client_lets_its_utterance_be(bench: JobBench) -> None:
    job = await bench.begin("a1")
    assert await bench.jobs.is_heard(HERE.owner, "a1")
    assert await bench.jobs.cancel_heard(HERE.owner, "a1")
    assert not await bench.jobs.is_heard(HERE.owner, "a1")
    assert (await bench.jobs.get(SPEAKER, job.id)).status is JobStatus.CANCELLED


async def test_plugins_see_the_request_once_and_the_answer_once(tmp_path: Path) -> None:
    plugin = _Counting()
    assert isinstance(plugin, Plugin)
    bench = job_bench(tmp_path, plugins=(plugin,))
    job = await bench.begin()
    await bench.jobs.result(spoken(*bench.sent(job)))
    assert plugin.seen == ["request", "speech"]


@pytest.mark.parametrize(("left_s", "gpu_s"), [(28.0, 24.0), (8.0, 4.0), (2.0, 1.0)])
def test_the_other_voice_has_time_left_and_the_gpu_at_least_half(left_s: float, gpu_s: float) -> None:
    assert gpu_time_s(left_s, FALLBACK_S) == gpu_s


class _Counting:
    name, version = "counting", "1"

    def __init__(self) -> None:
        self.seen: list[str] = []

    def pre_process(self, request: SpeechRequest) -> SpeechRequest:
        self.seen.append("request")
        return request

    def post_process(self, speech: Speech) -> Speech:
        self.seen.append("speech")
        return speech
