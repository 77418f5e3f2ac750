import sys

import pytest

from gpu_service import __main__, commands
from gpu_service.settings import Settings


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(sys, "argv", ["gpu_service", "consume"])
    monkeypatch.delenv("COQUI_TOS_AGREED", raising=False)
    return monkeypatch


def test_without_the_licence_it_says_what_to_do(run: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert __main__.main() == 78
    assert "CPML" in (text := capsys.readouterr().err)
    assert "COQUI_TOS_AGREED=1" in text


def test_a_setting_that_is_missing_or_wrong_is_named(
    run: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run.setenv("COQUI_TOS_AGREED", "1")
    run.setenv("DANMU_TTS_GPU__MOST_ROWS", "0")
    assert __main__.main() == 78
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0] for line in lines] == ["DANMU_TTS_GPU__BUCKET", "DANMU_TTS_GPU__MOST_ROWS"]


def test_the_command_has_the_settings_of_the_environment(run: pytest.MonkeyPatch) -> None:
    seen: list[Settings] = []
    run.setenv("COQUI_TOS_AGREED", "1")
    run.setenv("DANMU_TTS_GPU__BUCKET", "danmu-tts")
    run.setenv("DANMU_TTS_GPU__MODEL_S3_PREFIX", "models/mine")

    def consume(settings: Settings) -> int:
        seen.append(settings)
        return 0

    run.setattr(__main__, "consume", consume)
    assert __main__.main() == 0
    assert (seen[0].bucket, seen[0].model_s3_prefix) == ("danmu-tts", "models/mine/")


def test_check_needs_no_licence(run: pytest.MonkeyPatch) -> None:
    run.setattr(sys, "argv", ["gpu_service", "check"])
    run.setenv("DANMU_TTS_GPU__BUCKET", "danmu-tts")
    run.setattr(commands, "ask_health", lambda _: "loading")
    assert __main__.main() == 1
    run.setattr(commands, "ask_health", lambda _: None)
    assert __main__.main() == 0
