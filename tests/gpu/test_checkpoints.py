import hashlib
import json
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import pytest

from gpu_service.engine import CheckpointError, EngineSettings, load
from gpu_service.engine.files import FILES


@pytest.fixture
def copy(checkpoint: Path, tmp_path: Path) -> Path:
    """The checkpoint, its files linked: a test replaces what it changes."""
    for name in FILES:
        (tmp_path / name).symlink_to(checkpoint / name)
    return tmp_path


def replaced(directory: Path, name: str) -> Path:
    (directory / name).unlink()
    return directory / name


def refusal(directory: Path, **settings: Any) -> str:
    with pytest.raises(CheckpointError) as caught:
        load(EngineSettings(directory, device="cpu", threads=1, **settings))
    return str(caught.value)


class Running:
    """A pickle that leaves a file behind when it is read."""

    def __init__(self, proof: Path) -> None:
        self.proof = proof

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.proof),)


@pytest.mark.parametrize("name", ["model.pth", "speakers_xtts.pth"])
def test_a_pickle_that_runs_code_is_refused_before_it_runs(copy: Path, name: str) -> None:
    import torch

    proof = copy / "was-run"
    torch.save({"model": Running(proof)}, replaced(copy, name))
    assert "more than weights" in refusal(copy)
    replaced(copy, name).write_bytes(pickle.dumps({"model": Running(proof)}))
    assert "not what torch saves" in refusal(copy)
    assert not proof.exists()
    torch.load(_saved(Running(proof), copy / "try"), weights_only=False)
    assert proof.exists(), "it would have run"


def _saved(content: Any, path: Path) -> Path:
    import torch

    torch.save(content, path)
    return path


def test_a_zip_bomb_is_refused_before_it_unpacks(copy: Path) -> None:
    with zipfile.ZipFile(replaced(copy, "model.pth"), "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("archive/data/0", b"\0" * (8 << 20))
    assert "compressed parts" in refusal(copy)


def test_a_config_of_a_monstrous_model_is_refused(checkpoint: Path, copy: Path) -> None:
    config = json.loads((checkpoint / "config.json").read_text())
    config["model_args"]["gpt_layers"] = 10**9
    replaced(copy, "config.json").write_text(json.dumps(config))
    assert "config.json is no configuration of XTTS" in refusal(copy)


@pytest.mark.parametrize("text", ["", "[]", "[" * 100_000, '{"languages": ["../../etc"]}', "null"])
def test_a_config_that_is_none_is_refused(copy: Path, text: str) -> None:
    replaced(copy, "config.json").write_text(text)
    assert "config.json" in refusal(copy)


def test_weights_of_another_shape_are_refused(checkpoint: Path, copy: Path) -> None:
    config = json.loads((checkpoint / "config.json").read_text())
    config["model_args"]["gpt_layers"] = 3
    replaced(copy, "config.json").write_text(json.dumps(config))
    assert "does not fit" in refusal(copy)


def test_a_vocabulary_that_is_none_is_refused(copy: Path) -> None:
    replaced(copy, "vocab.json").write_text("{}")
    assert "vocab.json" in refusal(copy)


def test_speakers_without_latents_are_refused(copy: Path) -> None:
    import torch

    torch.save({"Ana Florence": {"gpt_cond_latent": torch.zeros(1, 32, 5)}}, replaced(copy, "speakers_xtts.pth"))
    assert "Ana Florence" in refusal(copy)


def test_a_missing_file_is_named(copy: Path) -> None:
    replaced(copy, "vocab.json")
    assert "has no vocab.json" in refusal(copy)


def test_files_are_compared_with_their_checksums(checkpoint: Path, copy: Path) -> None:
    pins = {name: hashlib.sha256((checkpoint / name).read_bytes()).hexdigest() for name in FILES}
    load(EngineSettings(copy, device="cpu", threads=1, checksums=pins))
    (copy / "SHA256SUMS").write_text("".join(f"{pin}  {name}\n" for name, pin in pins.items()))
    (copy / "checksums.json").write_text(json.dumps(pins))
    replaced(copy, "config.json").write_text((checkpoint / "config.json").read_text() + " ")
    for given in (pins, "SHA256SUMS", "checksums.json"):
        assert "config.json is not the file it should be" in refusal(copy, checksums=given)
    del pins["vocab.json"]
    assert "no checksum is given for vocab.json" in refusal(checkpoint, checksums=pins)


def test_xtts_as_it_was_published_is_read(checkpoint: Path, copy: Path) -> None:
    """With its configuration pickled by names that the library has left, in a model saved after inference."""
    import torch
    from TTS.tts.models.xtts import XttsConfig, _legacy_safe_globals

    content = torch.load(checkpoint / "model.pth", weights_only=True)
    weights = {f"xtts.{name}": value for name, value in content["model"].items()}
    weights["xtts.gpt.gpt.wte.weight"] = torch.zeros(1)
    weights["xtts.dvae.codebook"] = torch.zeros(1)
    with _legacy_safe_globals():
        torch.save({"model": weights, "config": XttsConfig()}, replaced(copy, "model.pth"))
    load(EngineSettings(copy, device="cpu", threads=1))


@pytest.mark.parametrize("version", ["2.9.1+cu121", "1.13"])
def test_an_old_torch_is_refused(version: str) -> None:
    from gpu_service.engine.checkpoint import require_torch

    with pytest.raises(CheckpointError, match=r"2\.10 or newer"):
        require_torch(version)
    require_torch("2.10.0")
    require_torch("3.0")
