"""Take a part out of an ONNX model, without the package ``onnx``: 31 MB in a function's image for two kinds of field.

An ONNX file is a Protocol Buffers message. What is read here are the few fields named below, numbered as in
https://github.com/onnx/onnx/blob/main/onnx/onnx.proto; everything else is copied as it is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

_MODEL_GRAPH = 7
_GRAPH_NODE, _GRAPH_NAME, _GRAPH_INITIALIZER, _GRAPH_INPUT, _GRAPH_OUTPUT = 1, 2, 5, 11, 12
_NODE_INPUT, _NODE_OUTPUT, _NODE_NAME, _NODE_OPERATOR = 1, 2, 3, 4
_TENSOR_NAME = 8
_VALUE_NAME, _VALUE_TYPE = 1, 2
# A TypeProto: tensor_type (1) of elem_type (1) float (1) and of shape (2) with three times dim (1), each unknown.
_FLOATS_OF_3_DIMENSIONS = b"\x0a\x0a" + b"\x08\x01" + b"\x12\x06" + b"\x0a\x00" * 3
# How a field is written: as a varint, in 8 bytes, with its length before it, in 4 bytes.
_VARINT, _FIXED64, _SIZED, _FIXED32 = 0, 1, 2, 5
_FIXED_BYTES = {_FIXED64: 8, _FIXED32: 4}


@dataclass(frozen=True, slots=True)
class Node:
    """One operation, by the names of the tensors that it takes and makes; ``raw`` is the node as it was written."""

    name: str
    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    raw: memoryview


@dataclass(frozen=True)
class OnnxGraph:
    """A model's operations in an order in which they can be done, its weights and its inputs, by name.

    Attributes:
        header: the model without its graph.
    """

    header: bytes
    nodes: tuple[Node, ...]
    weights: dict[str, memoryview]
    inputs: dict[str, memoryview]
    outputs: tuple[str, ...]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file; see ``of``."""
        return cls.of(path.read_bytes())

    @classmethod
    def of(cls, content: bytes) -> Self:
        """Read a model; ValueError where it is none."""
        model = list(_fields(memoryview(content)))
        graph = [each for number, content, _ in model if number == _MODEL_GRAPH for each in _fields(content)]
        return cls(
            b"".join(raw for number, _, raw in model if number != _MODEL_GRAPH),
            tuple(_node(content, raw) for number, content, raw in graph if number == _GRAPH_NODE),
            {_text(content, _TENSOR_NAME): raw for number, content, raw in graph if number == _GRAPH_INITIALIZER},
            {_text(content, _VALUE_NAME): raw for number, content, raw in graph if number == _GRAPH_INPUT},
            tuple(_text(content, _VALUE_NAME) for number, content, _ in graph if number == _GRAPH_OUTPUT),
        )

    @cached_property
    def makers(self) -> dict[str, Node]:
        """Which node makes a tensor."""
        return {tensor: node for node in self.nodes for tensor in node.outputs}

    def between(self, given: Sequence[str], wanted: str) -> tuple[list[Node], list[str]]:
        """The nodes that lead from given tensors to a wanted one, and which inputs of the model they need besides."""
        needed, nodes = {wanted}, []
        for node in reversed(self.nodes):
            if any(tensor in needed and tensor not in given for tensor in node.outputs):
                nodes.append(node)
                needed.update(node.inputs)
        return nodes[::-1], [name for name in self.inputs if name in needed]

    def part(self, given: Sequence[str], wanted: str) -> bytes:
        """A model that makes one tensor from others, which are floats of three dimensions, and from its own inputs."""
        nodes, inputs = self.between(given, wanted)
        used = {tensor for node in nodes for tensor in node.inputs}
        graph: list[bytes | memoryview] = [
            *(node.raw for node in nodes),
            _sized(_GRAPH_NAME, b"part"),
            *(raw for name, raw in self.weights.items() if name in used),
            *(self.inputs[name] for name in inputs),
            *(_sized(_GRAPH_INPUT, _value(name)) for name in given),
            _sized(_GRAPH_OUTPUT, _sized(_VALUE_NAME, wanted.encode())),
        ]
        size = sum(map(len, graph))
        return b"".join((self.header, _varint(_MODEL_GRAPH << 3 | _SIZED), _varint(size), *graph))


def _node(content: memoryview, raw: memoryview) -> Node:
    texts: dict[int, list[str]] = {_NODE_INPUT: [], _NODE_OUTPUT: [], _NODE_NAME: [], _NODE_OPERATOR: []}
    for number, text, _ in _fields(content):
        if number in texts:
            texts[number].append(str(text, "utf-8"))
    name, operator = "".join(texts[_NODE_NAME]), "".join(texts[_NODE_OPERATOR])
    return Node(name, operator, tuple(texts[_NODE_INPUT]), tuple(texts[_NODE_OUTPUT]), raw)


def _text(message: memoryview, number: int) -> str:
    return next((str(content, "utf-8") for each, content, _ in _fields(message) if each == number), "")


def _value(name: str) -> bytes:
    return _sized(_VALUE_NAME, name.encode()) + _sized(_VALUE_TYPE, _FLOATS_OF_3_DIMENSIONS)


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview, memoryview]]:
    """Number, content and whole of each field. The content of a number is empty: none is needed."""
    at, end = 0, len(message)
    while at < end:
        start = at
        key, at = _read_varint(message, at)
        kind, size = key & 7, 0
        if kind == _VARINT:
            _, at = _read_varint(message, at)
        elif kind == _SIZED:
            size, at = _read_varint(message, at)
        elif kind in _FIXED_BYTES:
            at += _FIXED_BYTES[kind]
        else:
            raise ValueError("not an ONNX model")
        at += size
        if at > end:
            raise ValueError("not an ONNX model: it ends midway")
        yield key >> 3, message[at - size : at], message[start:at]


def _read_varint(message: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(message):
        value |= (message[at] & 0x7F) << shift
        at += 1
        if message[at - 1] < 0x80:
            return value, at
        shift += 7
    raise ValueError("not an ONNX model: it ends midway")


def _varint(value: int) -> bytes:
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)


def _sized(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | _SIZED) + _varint(len(content)) + content
