from danmu_tts.adapters.metrics.prometheus import PrometheusMetrics


def test_renders_what_was_counted() -> None:
    metrics = PrometheusMetrics()
    metrics.request(backend="piper", status="ok", duration_s=0.2)
    metrics.request(backend="piper", status="ok", duration_s=0.3)
    metrics.first_audio(backend="piper", seconds=0.1)
    metrics.cache(tier="memory")
    text, media_type = metrics.render()
    lines = text.decode().splitlines()
    assert 'tts_requests_total{backend="piper",status="ok"} 2.0' in lines
    assert 'tts_request_duration_seconds_sum{backend="piper"} 0.5' in lines
    assert 'tts_first_audio_seconds_count{backend="piper"} 1.0' in lines
    assert 'tts_cache_lookups_total{tier="memory"} 1.0' in lines
    assert media_type.startswith("text/plain")


def test_instances_do_not_share_figures() -> None:
    PrometheusMetrics().cache(tier="memory")
    assert b"memory" not in PrometheusMetrics().render()[0]
