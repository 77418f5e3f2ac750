"""The engine: lines become rows, rows are made together, and become lines again."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gpu_service.engine import references, sound, texts
from gpu_service.engine.checkpoint import Checkpoint, Voice
from gpu_service.engine.decoding import Decoding, prefix_of
from gpu_service.engine.languages import xtts_language
from gpu_service.engine.sampling import Sampling
from gpu_service.engine.settings import EngineSettings
from gpu_service.engine.streaming import Stream
from gpu_service.engine.transformer import Transformer
from gpu_service.engine.usage import Usage
from gpu_service.engine.vocoder import Vocoder
from gpu_service.memory import Memory, ModelShape, NoMemoryError, RowSize
from gpu_service.ports import Line, LineError, Samples
from gpu_service.speakers import voice_name

_MOST_PARTS = 64
"""Of a line; rows of different parts have different seeds."""


@dataclass(frozen=True, slots=True)
class Row:
    """One text in one voice: what is made of a part of a line."""

    tokens: tuple[int, ...]
    voice: Voice
    seed: int
    tempo: float

    @property
    def size(self) -> RowSize:
        """What is known beforehand of the memory that it takes."""
        return RowSize(len(self.voice.conditioning) + len(self.tokens) + 3, 1 / self.tempo)


class XttsEngine:
    """``gpu_service.ports.Engine`` on a loaded checkpoint."""

    def __init__(self, loaded: Checkpoint, settings: EngineSettings, device: torch.device, memory: Memory) -> None:
        self._config, self._memory, self._limit = loaded.config, memory, settings.most_rows
        half = (torch.float16 if device.type == "cuda" else torch.bfloat16) if settings.half else None
        self._model = loaded.model.to(device)
        decoder = self._model.hifigan_decoder
        on_gpu = device.type == "cuda"
        self._vocoder = Vocoder(decoder, together=on_gpu, half=half, compiled=settings.compile)
        self._gpt = self._model.gpt
        for part in (self._gpt.gpt, self._gpt.final_norm, self._gpt.mel_head, self._gpt.mel_embedding):
            part.to(half or torch.float32)
        for part in (self._gpt.text_embedding, self._gpt.text_pos_embedding, self._gpt.mel_pos_embedding):
            part.to(half or torch.float32)
        self._transformer = Transformer(self._gpt, compiled=settings.compile)
        self._sampling = _sampling(loaded, settings.temperature)
        self._voices = {voice_name(name): _on(voice, device) for name, voice in loaded.voices.items()}
        self._latents = references.Latents(settings.most_latents)
        self._usage = Usage(device)
        self._lock = threading.Lock()
        self._shape = self._measure()

    @property
    def sample_rate_hz(self) -> int:
        """Of all audio."""
        return self._config.model_args.output_sample_rate

    @property
    def speakers(self) -> Sequence[str]:
        """Speakers of the checkpoint, as voices name them."""
        return tuple(self._voices)

    def warm_up(self) -> None:
        """Say something in a speaker's voice, if the checkpoint has one."""
        if self._voices:
            self.speak([Line(parts=("ok",), language=self._config.languages[0], speaker=self.speakers[0])])

    def most_rows(self, lines: Sequence[Line]) -> int:
        """How many lines, from the first on, fit into the memory together; at least 1."""
        rows = [_guess(line) for line in lines]
        fitting, count = self._memory.most_rows(self._shape, [size for row in rows for size in row], self._limit), 0
        while count < len(rows) and sum(map(len, rows[: count + 1])) <= fitting:
            count += 1
        return max(1, count)

    def speak(self, lines: Sequence[Line]) -> list[Samples | LineError]:
        """Say lines together; what came of each, in order."""
        with self._lock, torch.inference_mode():
            planned = [self._planned(line) for line in lines]
            rows = [row for plan in planned if not isinstance(plan, LineError) for row in plan]
            made = iter(self._all(rows))
            return [plan if isinstance(plan, LineError) else self._line([next(made) for _ in plan]) for plan in planned]

    def stream(self, line: Line) -> Iterator[Samples]:
        """Say one line, piece by piece. Raises LineError."""
        with self._lock, torch.inference_mode():
            rows = self._plan(line)
        pause = torch.zeros(int(sound.PAUSE_S * self.sample_rate_hz)).numpy()
        for number, row in enumerate(rows):
            if number:
                yield pause
            with self._lock, torch.inference_mode():
                stream = Stream(self._decoding([row]), self._vocoder, row.voice, row.tempo)
            while not stream.over:
                # Only while computing: whoever listens may be slow.
                with self._lock, torch.inference_mode():
                    piece = stream.piece()
                if piece.size:
                    yield piece

    def has_latents(self, sha256: str) -> bool:
        """Whether a recording's latents are there."""
        return sha256 in self._latents

    def figures(self) -> Mapping[str, float]:
        """What metrics show."""
        kept = {"latents_kept": len(self._latents), "latents_bytes": self._latents.size_bytes}
        return self._memory.figures() | kept

    def tokens(self, lines: Sequence[Line]) -> list[list[int]]:
        """Audio tokens of each part of each line, made together. Raises LineError."""
        with self._lock, torch.inference_mode():
            return self._decoded([row for line in lines for row in self._plan(line)]).tokens

    def _planned(self, line: Line) -> list[Row] | LineError:
        try:
            return self._plan(line)
        except LineError as error:
            return error

    def _plan(self, line: Line) -> list[Row]:
        language = xtts_language(line.language, self._config.languages)
        most = self._config.model_args.gpt_max_text_tokens - 1
        pieces = [piece for part in line.parts for piece in texts.tokens(self._model.tokenizer, part, language, most)]
        if not pieces:
            raise LineError("nothing_to_say", "there is nothing in this text that can be said")
        voice = self._voice(line)
        return [
            Row(tuple(piece), voice, line.seed * _MOST_PARTS + number, line.tempo)
            for number, piece in enumerate(pieces)
        ]

    def _voice(self, line: Line) -> Voice:
        reference = line.reference
        if reference is not None:
            return self._latents.get(reference.sha256, lambda: references.compute(self._model, self._config, reference))
        if line.speaker not in self._voices:
            raise LineError("unknown_voice", f"this checkpoint has no speaker {line.speaker}")
        return self._voices[line.speaker]

    def _all(self, rows: Sequence[Row]) -> Iterator[Samples | NoMemoryError]:
        while rows:
            count = self._memory.most_rows(self._shape, [row.size for row in rows], self._limit)
            yield from self._memory.in_halves(rows[:count], self._together)
            rows = rows[count:]

    def _together(self, rows: Sequence[Row]) -> list[Samples]:
        predicted = self._memory.predict(self._shape, [row.size for row in rows])
        with self._memory.holding(predicted), self._usage.measured() as peak:
            decoding = self._decoded(rows)
            frames = [self._vocoder.frames(decoding.latents(i), row.tempo) for i, row in enumerate(rows)]
            sounds = self._vocoder.sound(frames, [row.voice.speaker for row in rows])
            made = [sound.trimmed(tensor.numpy(), self.sample_rate_hz) for tensor in sounds]
        self._memory.learn(predicted, peak.bytes)
        return made

    def _decoded(self, rows: Sequence[Row]) -> Decoding:
        decoding = self._decoding(rows)
        while decoding.active:
            decoding.advance()
        return decoding

    def _decoding(self, rows: Sequence[Row]) -> Decoding:
        prefixes = [prefix_of(self._gpt, row.voice.conditioning, row.tokens) for row in rows]
        return Decoding(self._gpt, self._transformer, prefixes, [row.seed for row in rows], self._sampling)

    def _line(self, parts: Sequence[Samples | NoMemoryError]) -> Samples | LineError:
        for part in parts:
            if isinstance(part, NoMemoryError):
                return LineError("no_memory", str(part))
        samples = sound.joined([part for part in parts if not isinstance(part, NoMemoryError)], self.sample_rate_hz)
        return samples if samples.size else LineError("failed", "XTTS made no sound")

    def _measure(self) -> ModelShape:
        args = self._config.model_args
        return ModelShape(
            layers=args.gpt_layers,
            width=args.gpt_n_model_channels,
            value_bytes=self._transformer.dtype.itemsize,
            vocabulary=args.gpt_num_audio_tokens,
            most_tokens=self._gpt.max_gen_mel_tokens,
            frames_a_token=self._vocoder.frames_a_token,
            together=self._vocoder.together,
        )


def _guess(line: Line) -> list[RowSize]:
    """Before a text is read: XTTS has about a token a letter at most, and 32 latents for a voice."""
    return [RowSize(32 + 3 + len(part), 1 / line.tempo) for part in line.parts]


def _sampling(loaded: Checkpoint, temperature: float | None) -> Sampling:
    own = loaded.config
    return Sampling(
        temperature=own.temperature if temperature is None else temperature,
        top_k=own.top_k,
        top_p=own.top_p,
        repetition_penalty=own.repetition_penalty,
    )


def _on(voice: Voice, device: torch.device) -> Voice:
    def moved(tensor: Tensor) -> Tensor:
        return tensor.to(device)

    return Voice(moved(voice.conditioning), moved(voice.speaker))
