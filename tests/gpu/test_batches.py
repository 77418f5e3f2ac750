import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from gpu_service.ports import Line
from tests.builders.tiny_xtts_lines import ANA


def sounds(engine: Any, lines: Sequence[Line]) -> list[Any]:
    made = engine.speak(lines)
    for sound in made:
        assert isinstance(sound, np.ndarray), sound
        assert sound.dtype == np.float32
    return list(made)


def test_greedy_tokens_of_a_batch_are_those_of_each_line_alone(greedy: Any, mixed: list[Line]) -> None:
    together = greedy.tokens(mixed)
    assert together == [greedy.tokens([line])[0] for line in mixed]
    assert len({len(tokens) for tokens in together}) >= 5, "rows end at different lengths"
    assert len({tuple(tokens) for tokens in together}) == len(mixed)


def test_audio_of_a_batch_is_that_of_each_line_alone(greedy: Any, mixed: list[Line]) -> None:
    together = sounds(greedy, mixed[:4])
    for line, sound in zip(mixed[:4], together, strict=True):
        np.testing.assert_allclose(sound, sounds(greedy, [line])[0], atol=1e-5)


def test_audio_is_what_the_library_makes(greedy: Any, mixed: list[Line], stock: Any) -> None:
    for line, sound in zip(mixed[:3], sounds(greedy, mixed[:3]), strict=True):
        np.testing.assert_allclose(sound, stock(line), atol=1e-5)


def test_a_row_at_its_stop_token_is_cut_there(greedy: Any, mixed: list[Line]) -> None:
    stop = greedy._gpt.stop_audio_token
    for tokens in greedy.tokens(mixed):
        assert tokens.index(stop) == len(tokens) - 1


def test_the_same_seed_is_the_same_sound_whoever_is_in_the_batch(sampling: Any, mixed: list[Line]) -> None:
    line = mixed[0]
    alone = sampling.tokens([line])[0]
    assert sampling.tokens(mixed)[0] == alone
    assert sampling.tokens([*mixed[4:], line])[-1] == alone


def test_another_seed_is_another_sound(sampling: Any, mixed: list[Line]) -> None:
    other = dataclasses.replace(mixed[0], seed=mixed[0].seed + 100)
    assert sampling.tokens([other]) != sampling.tokens(mixed[:1])


def test_a_row_that_never_stops_is_cut_and_its_neighbours_are_not(
    greedy: Any, mixed: list[Line], monkeypatch: pytest.MonkeyPatch
) -> None:
    from gpu_service.engine import decoding, sampling

    chosen = sampling.choose

    def never_stopping(logits: Any, *rest: Any) -> Any:
        logits[0, 1025] = -1e9  # row 0 is in slot 0 for as long as it does not stop
        return chosen(logits, *rest)

    alone = [greedy.tokens([line])[0] for line in mixed]
    monkeypatch.setattr(decoding, "choose", never_stopping)
    made = greedy.tokens(mixed)
    assert len(made[0]) == 80
    assert made[1:] == alone[1:]


def test_half_the_tempo_is_twice_as_long(greedy: Any, mixed: list[Line]) -> None:
    slow, usual = sounds(greedy, [dataclasses.replace(mixed[1], tempo=0.5), mixed[1]])
    assert len(slow) == pytest.approx(2 * len(usual), rel=0.05)


def test_parts_are_said_one_after_another_with_a_pause(greedy: Any) -> None:
    texts = ("hello there", "thank you")
    both, *each = sounds(greedy, [Line(texts, "en", ANA), *(Line((text,), "en", ANA) for text in texts)])
    pause = int(0.12 * greedy.sample_rate_hz)
    np.testing.assert_allclose(both, np.concatenate([each[0], np.zeros(pause), each[1]]), atol=1e-5)


def test_more_parts_than_go_together_are_all_said(load_engine: Any) -> None:
    engine = load_engine(temperature=0, most_rows=2)
    whole = sounds(engine, [Line(("ok", "hi", "no"), "en", ANA)])[0]
    assert len(whole) > 3 * 256 + 2 * 0.12 * engine.sample_rate_hz


def test_rows_that_the_vocoder_makes_together_are_those_that_it_makes_alone(checkpoint: Any) -> None:
    import torch

    from gpu_service.engine import checkpoint as checkpoints
    from gpu_service.engine.vocoder import Vocoder

    decoder = checkpoints.load(checkpoint, None).model.hifigan_decoder
    vocoder = Vocoder(decoder, together=True, half=None, compiled=False)
    generator = torch.Generator().manual_seed(0)
    rows = [torch.randn(64, frames, generator=generator) for frames in (5, 12, 8)]
    speakers = [torch.randn(512, 1, generator=generator) for _ in rows]
    with torch.inference_mode():
        together = vocoder.sound(rows, speakers)
        for row, speaker, sound in zip(rows, speakers, together, strict=True):
            torch.testing.assert_close(sound, vocoder.sound([row], [speaker])[0], atol=1e-5, rtol=0)


@pytest.fixture(scope="module")
def stock(checkpoint: Any) -> Any:
    """The library's own inference."""
    from TTS.tts.configs.xtts_config import XttsConfig
    from TTS.tts.models.xtts import Xtts

    config = XttsConfig()
    config.load_json(str(checkpoint / "config.json"))
    model = Xtts(config)
    model.load_checkpoint(config, checkpoint_dir=str(checkpoint), eval=True)
    voices = {name.lower().replace(" ", "-"): latents for name, latents in model.speaker_manager.speakers.items()}

    def speak(line: Line) -> Any:
        language = "zh-cn" if line.language == "zh-CN" else line.language.split("-")[0]
        penalty = config.repetition_penalty
        latents = voices[line.speaker].values()
        return model.inference(line.parts[0], language, *latents, do_sample=False, repetition_penalty=penalty)["wav"]

    return speak
