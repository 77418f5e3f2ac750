"""A checkpoint's files become a model.

The library's own loading is not used: it parses any configuration, unpickles before it looks, and writes a checkpoint
anew that it could not read at first. Here a file is verified (``files``) and then unpickled as weights only, which
creates tensors and plain containers and calls nothing.
"""

import pickle
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from TTS.config.shared_configs import BaseDatasetConfig
from TTS.tts.configs.xtts_config import XttsArgs, XttsAudioConfig, XttsConfig
from TTS.tts.layers.xtts.tokenizer import VoiceBpeTokenizer
from TTS.tts.models.xtts import Xtts

from gpu_service.engine import files
from gpu_service.engine.files import CheckpointConfig, CheckpointError

_LEAST_TORCH = (2, 10)
"""Before it, weights_only could be got around."""

_NOT_SPEAKING = re.compile(r"^(torch_mel_spectrogram_style_encoder|torch_mel_spectrogram_dvae|dvae)\.")
_TIED = re.compile(r"^gpt\.(gpt_inference|gpt\.wte)\.")
"""Second names of the same weights, in checkpoints that were saved after inference."""

_MOST_SPEAKERS = 10_000


@dataclass(frozen=True, slots=True)
class Voice:
    """What XTTS knows of a voice: GPT's conditioning latents (latents x width) and the speaker's embedding (d x 1)."""

    conditioning: Tensor
    speaker: Tensor

    @property
    def size_bytes(self) -> int:
        """Of both."""
        return int(self.conditioning.nbytes + self.speaker.nbytes)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A model on the CPU in 32 bits, and what came with it; voices by the names that the checkpoint has for them."""

    config: CheckpointConfig
    model: Xtts
    voices: Mapping[str, Voice]


def load(directory: Path, checksums: Mapping[str, str] | str | None) -> Checkpoint:
    """Verify and read a checkpoint. Raises CheckpointError."""
    require_torch(torch.__version__)
    files.verify(directory, checksums)
    config = files.read_config(directory / files.CONFIG)
    voices = _voices(directory / files.SPEAKERS, config)
    weights = _weights(directory / files.MODEL)
    model = _empty_model(config, directory / files.VOCABULARY)
    _fill(model, weights)
    return Checkpoint(config, model, voices)


def require_torch(version: str) -> None:
    """Raise CheckpointError where torch is too old to read weights safely."""
    numbers = tuple(int(number) for number in re.findall(r"\d+", version)[:2])
    if numbers < _LEAST_TORCH:
        raise CheckpointError(f"torch {version} cannot read a checkpoint safely; 2.10 or newer is needed")


def unpickle(path: Path, most_bytes: int) -> Any:
    """Tensors and plain containers out of what torch saved. Raises CheckpointError; runs nothing that is in there."""
    try:
        with path.open("rb") as file:
            files.check_archive(file, path.name, most_bytes)
            with torch.serialization.safe_globals(_configurations()):
                return torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as exc:
        reason = str(exc).split("\n")[-1].strip() if "Unsupported" not in str(exc) else _unsupported(str(exc))
        raise CheckpointError(f"{path.name} holds more than weights, and was not loaded: {reason}") from exc
    except (OSError, RuntimeError, ValueError, LookupError, TypeError, EOFError, MemoryError, AttributeError) as exc:
        raise CheckpointError(f"{path.name} cannot be read: {exc}") from exc


def _unsupported(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if "Unsupported" in line), text)


def _configurations() -> list[Any]:
    """XTTS v2 as published has its configuration pickled beside the weights, by names that the library has left."""
    classes = (XttsConfig, XttsArgs, XttsAudioConfig, BaseDatasetConfig)
    legacy = [(cls, f"TTS.tts.models.xtts.{cls.__name__}") for cls in (XttsArgs, XttsAudioConfig)]
    return [*classes, *legacy]


def _empty_model(config: CheckpointConfig, vocabulary: Path) -> Xtts:
    files.read_text(vocabulary)
    args = XttsArgs(**config.model_args.model_dump())
    model = Xtts(XttsConfig(model_args=args))
    try:
        model.tokenizer = VoiceBpeTokenizer(vocab_file=str(vocabulary))
    except Exception as exc:  # the tokenizer's own code raises nothing narrower
        raise CheckpointError(f"{vocabulary.name} is no vocabulary: {exc}") from exc
    if any(model.tokenizer.tokenizer.token_to_id(token) is None for token in ("[START]", "[STOP]")):
        raise CheckpointError(f"{vocabulary.name} has no [START] or no [STOP]")
    model.init_models()
    return model


def _weights(path: Path) -> dict[str, Any]:
    content = unpickle(path, files.MOST_MODEL_BYTES)
    weights = content.get("model") if isinstance(content, dict) else None
    if not isinstance(weights, dict) or not all(isinstance(name, str) for name in weights):
        raise CheckpointError(f"{path.name} has no weights under 'model'")
    # Checkpoints of the library's trainer have a prefix, and parts that only training needs.
    named = {name.removeprefix("xtts."): value for name, value in weights.items()}
    return {name: value for name, value in named.items() if not (_NOT_SPEAKING.match(name) or _TIED.match(name))}


def _fill(model: Xtts, weights: Mapping[str, Any]) -> None:
    try:
        model.load_state_dict(weights, strict=True)
    except (RuntimeError, AttributeError, TypeError) as exc:
        raise CheckpointError(f"{files.MODEL} does not fit {files.CONFIG}: {exc}") from exc
    model.requires_grad_(False)
    nn.Module.eval(model)


def _voices(path: Path, config: CheckpointConfig) -> dict[str, Voice]:
    content = unpickle(path, files.MOST_SPEAKERS_BYTES)
    if not isinstance(content, dict) or len(content) > _MOST_SPEAKERS:
        raise CheckpointError(f"{path.name} is no table of speakers")
    voices = {}
    for name, latents in content.items():
        try:
            conditioning, speaker = latents["gpt_cond_latent"], latents["speaker_embedding"]
            voices[str(name)] = voice_of(conditioning, speaker, config)
        except (LookupError, TypeError, ValueError, AttributeError) as exc:
            raise CheckpointError(f"{path.name} has no usable latents for {str(name)[:80]!r}: {exc}") from exc
    return voices


def voice_of(conditioning: Tensor, speaker: Tensor, config: CheckpointConfig) -> Voice:
    """A voice of latents (1 x latents x width) and embedding (1 x d x 1), as XTTS has them. Raises ValueError."""
    args = config.model_args
    if conditioning.ndim != 3 or conditioning.shape[::2] != (1, args.gpt_n_model_channels):
        raise ValueError(f"conditioning latents of shape {tuple(conditioning.shape)}")
    if not 1 <= conditioning.shape[1] <= args.gpt_max_prompt_tokens:
        raise ValueError(f"{conditioning.shape[1]} conditioning latents")
    if speaker.shape != (1, args.d_vector_dim, 1):
        raise ValueError(f"a speaker embedding of shape {tuple(speaker.shape)}")
    if not (conditioning.isfinite().all() and speaker.isfinite().all()):
        raise ValueError("numbers that are none")
    return Voice(conditioning[0].float(), speaker[0].float())
