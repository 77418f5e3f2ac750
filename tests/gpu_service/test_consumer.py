import io
import wave

from speech_contract.jobs import JobAudio, audio_key
from tests.builders.jobs import speech_job
from tests.gpu_service.cloud import Cloud, until
from tests.gpu_service.conftest import StartWorker


def test_a_job_ends_as_a_wav_file_and_a_result_and_is_deleted(cloud: Cloud, worker: StartWorker) -> None:
    job = speech_job("一二三四五")
    cloud.send(job, lane="express")
    with worker(cloud):
        (result,) = cloud.results(1)
        until(cloud.is_empty)
    assert result.id == job.id
    assert result.audio == JobAudio(key=audio_key(job.id), sample_rate_hz=24_000, duration_ms=100)
    with wave.open(io.BytesIO(cloud.audio(audio_key(job.id)))) as wav:
        assert (wav.getnchannels(), wav.getsampwidth(), wav.getframerate(), wav.getnframes()) == (1, 2, 24_000, 2400)
