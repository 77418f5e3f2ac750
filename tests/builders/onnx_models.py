"""Tiny ONNX models, written field by field: the package ``onnx`` is not needed for a chain of operations."""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    operator: str
    inputs: tuple[str, ...]
    output: str
    name: str = ""


def onnx_model(steps: Sequence[Step], *, given: str, wanted: str, weights: Mapping[str, float]) -> bytes:
    """A model from one input of floats, of three dimensions, to one output; the weights are single numbers."""
    graph = b"".join(
        [
            *(_sized(1, _node(step)) for step in steps),
            _sized(2, b"tiny"),
            *(_sized(5, _weight(name, value)) for name, value in weights.items()),
            _sized(11, _value(given)),
            _sized(12, _value(wanted)),
        ]
    )
    return _number(1, 8) + _sized(8, _number(2, 15)) + _sized(7, graph)


def _node(step: Step) -> bytes:
    inputs = b"".join(_sized(1, name.encode()) for name in step.inputs)
    name = step.name or f"/{step.operator}_{step.output}"
    return inputs + _sized(2, step.output.encode()) + _sized(3, name.encode()) + _sized(4, step.operator.encode())


def _weight(name: str, value: float) -> bytes:
    return _number(2, 1) + _sized(8, name.encode()) + _sized(9, struct.pack("<f", value))


def _value(name: str) -> bytes:
    shape = b"".join(_sized(1, b"") for _ in range(3))
    return _sized(1, name.encode()) + _sized(2, _sized(1, _number(1, 1) + _sized(2, shape)))


def _number(field: int, value: int) -> bytes:
    return bytes([field << 3, value])


def _sized(field: int, content: bytes) -> bytes:
    return bytes([field << 3 | 2]) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    return bytes([value]) if value < 0x80 else bytes([value & 0x7F | 0x80]) + _varint(value >> 7)
