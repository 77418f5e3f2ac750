"""A genuine XTTS v2 checkpoint, only tiny and untrained: ``python -m tests.builders.tiny_xtts DIRECTORY``.

Its weights are drawn so that different texts give different tokens, and end at different lengths after 1 to 2 s. The
vocoder has its full size, for the checkpoint's configuration does not say it.
"""

import argparse
import json
import string
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SPEAKERS = ("Ana Florence", "Claribel Dervla", "Damien Black")
LANGUAGES = ("en", "es", "fr", "de", "it", "pt", "ru", "zh-cn", "ko")
_SPECIAL = ("[STOP]", "[UNK]", "[SPACE]", "[START]", *(f"[{language}]" for language in LANGUAGES))


@dataclass(frozen=True, slots=True)
class Size:
    """Of the language model, and what the vocoder makes of a token."""

    layers: int = 2
    width: int = 64
    heads: int = 4
    most_tokens: int = 80
    hop: int = 256
    stop: float = 7.0


TINY = Size()
QUICK = Size(hop=1024)
"""A quarter of the sound for each token: the vocoder takes most of the time."""


def build(directory: Path, size: Size = TINY, *, seed: int = 0) -> Path:
    """Write config.json, model.pth, vocab.json and speakers_xtts.pth; takes about 3 s for the tiny one."""
    import torch

    torch.manual_seed(seed)
    directory.mkdir(parents=True, exist_ok=True)
    _write_vocabulary(directory / "vocab.json")
    model, config = _model(directory, size)
    _draw_weights(model, size.stop)
    torch.save({"model": model.state_dict(), "config": config.to_dict()}, directory / "model.pth")
    config.save_json(str(directory / "config.json"))
    table = {name: _latents(size.width, number) for number, name in enumerate(SPEAKERS)}
    torch.save(table, directory / "speakers_xtts.pth")
    return directory


def _model(directory: Path, size: Size) -> tuple[Any, Any]:
    from TTS.tts.configs.xtts_config import XttsArgs, XttsConfig
    from TTS.tts.layers.xtts.tokenizer import VoiceBpeTokenizer
    from TTS.tts.models.xtts import Xtts

    args = XttsArgs(
        gpt_layers=size.layers,
        gpt_n_model_channels=size.width,
        gpt_n_heads=size.heads,
        gpt_max_audio_tokens=size.most_tokens + 3,
        gpt_num_audio_tokens=1026,
        gpt_start_audio_token=1024,
        gpt_stop_audio_token=1025,
        gpt_use_perceiver_resampler=True,
        decoder_input_dim=size.width,
        output_hop_length=size.hop,
    )
    config = XttsConfig(model_args=args, languages=list(LANGUAGES))
    model = Xtts(config)
    model.tokenizer = VoiceBpeTokenizer(vocab_file=str(directory / "vocab.json"))
    model.init_models()
    return model, config


def _draw_weights(model: Any, stop: float) -> None:
    import torch

    gpt = model.gpt
    with torch.no_grad():
        for embedding in (gpt.mel_embedding, gpt.text_embedding, gpt.mel_head):
            embedding.weight.normal_(std=0.5)
        for weight in gpt.gpt.parameters():
            if weight.dim() > 1:
                weight.normal_(std=1.2 / weight.shape[0] ** 0.5)
        gpt.mel_head.bias[gpt.stop_audio_token] += stop


def _latents(width: int, number: int) -> dict[str, Any]:
    import torch

    generator = torch.Generator().manual_seed(number)
    embedding = torch.nn.functional.normalize(torch.randn(1, 512, 1, generator=generator), dim=1)
    return {"gpt_cond_latent": torch.randn(1, 32, width, generator=generator) * 0.3, "speaker_embedding": embedding}


def _write_vocabulary(path: Path) -> None:
    from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers

    letters = "_'!\"#%&()*+,-./:;<=>?" + string.digits + string.ascii_lowercase + "áéíñóúàèçêäöüßабвгдежзийклмнопрстуя"
    known = {token: number for number, token in enumerate([*_SPECIAL, *letters])}
    tokenizer = Tokenizer(models.BPE(vocab=known, merges=[], unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in _SPECIAL])
    path.write_text(json.dumps(json.loads(tokenizer.to_str())))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--quick", action="store_true", help="lines of a quarter of the length")
    options = parser.parse_args()
    build(options.directory, QUICK if options.quick else TINY)
