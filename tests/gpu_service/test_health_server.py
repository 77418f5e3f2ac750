from collections.abc import Iterator

import httpx
import pytest

from gpu_service.health_server import HealthServer, ask_health
from gpu_service.metrics import BatchFigures, Metrics
from gpu_service.watch import Watch
from tests.builders.gpu_flood import VirtualClock
from tests.servers.process import free_port


@pytest.fixture
def watch() -> Watch:
    return Watch(VirtualClock(), 120)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def server(watch: Watch, metrics: Metrics) -> Iterator[HealthServer]:
    server = HealthServer("127.0.0.1", 0, watch, metrics)
    server.start()
    yield server
    server.close()


def test_health_is_503_until_the_model_is_warm(server: HealthServer, watch: Watch) -> None:
    assert "loading" in (ask_health(server.port) or "")
    watch.loaded()
    assert ask_health(server.port) is None


def test_nobody_there_is_not_well() -> None:
    assert "no answer" in (ask_health(free_port()) or "")


def test_metrics_name_what_happened(server: HealthServer, metrics: Metrics) -> None:
    metrics.show_engine(lambda: {"latents": 3})
    metrics.job_ended("express", "ok", 0.3)
    metrics.batch_made(BatchFigures(2, 0.5, 4.0, {"ok": 2}))
    text = httpx.get(f"http://127.0.0.1:{server.port}/metrics", trust_env=False).text
    assert 'danmu_tts_gpu_jobs_total{outcome="ok",queue="express"} 1.0' in text
    assert 'danmu_tts_gpu_wait_seconds_bucket{le="0.4",queue="express"} 1.0' in text
    assert "danmu_tts_gpu_audio_seconds_total 4.0" in text
    assert "danmu_tts_gpu_engine_latents 3.0" in text


def test_other_paths_are_404(server: HealthServer) -> None:
    assert httpx.get(f"http://127.0.0.1:{server.port}/", trust_env=False).status_code == 404
