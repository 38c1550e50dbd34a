"""An ONNX graph evaluated in numpy: enough operators for the surrogates of YAHPO, without a runtime to install.

The file is protobuf, read here field by field; `check` holds the result against onnxruntime where that is installed:

    python benchmarks/search/onnx_graph.py MODEL.onnx
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
_TYPES: Mapping[int, type[np.generic]] = {1: np.float32, 6: np.int32, 7: np.int64, 9: np.bool_, 11: np.float64}


@dataclass(frozen=True, slots=True)
class Node:
    """One operation: its name, what it takes, what it gives, its attributes."""

    op: str
    inputs: tuple[str, ...]
    output: str
    options: Mapping[str, Any]


class Graph:
    """A network read from a file; only what its one answer needs is evaluated, constants once.

    Args:
        file: The .onnx file.
        column: Which column of the answer is wanted; the others are not computed where the answer is a Concat.

    Example: `Graph(file, 0)(x_cat=…, x_cont=…)` with arrays (N, columns) gives (N, 1).
    """

    def __init__(self, file: Path, column: int) -> None:
        nodes, self._known, answer = _read(file.read_bytes())
        by_output = {node.output: node for node in nodes}
        last = by_output[answer]
        self._answer = last.inputs[column] if last.op == "Concat" else answer
        needed, todo = set[str](), [self._answer]
        while todo:
            if (name := todo.pop()) in by_output and name not in needed:
                needed.add(name)
                todo.extend(by_output[name].inputs)
        self._steps: list[tuple[Callable[..., Array], tuple[str, ...], str, Mapping[str, Any]]] = []
        for node in nodes:
            if node.op == "Constant":
                self._known[node.output] = node.options["value"]
            elif node.output in needed:
                self._steps.append((_OPS[node.op], node.inputs, node.output, node.options))

    def __call__(self, **inputs: Array) -> Array:
        """Evaluate the graph."""
        found = {**self._known, **inputs}
        for op, names, output, options in self._steps:
            found[output] = op(*(found[name] for name in names), **options)
        return found[self._answer]


def _gemm(a: Array, b: Array, c: Array, alpha: float, beta: float, transB: int) -> Array:
    return alpha * (a @ (b.T if transB else b)) + beta * c


def _normalise(x: Array, weight: Array, bias: Array, mean: Array, variance: Array, epsilon: float, **_: float) -> Array:
    return (x - mean) / np.sqrt(variance + np.float32(epsilon)) * weight + bias


def _slice(x: Array, starts: Array, ends: Array, axes: Array) -> Array:
    where = [slice(None)] * x.ndim
    for start, end, axis in zip(starts.ravel(), ends.ravel(), axes.ravel(), strict=True):
        where[int(axis)] = slice(int(start), int(end))
    return x[tuple(where)]


def _divide(a: Array, b: Array) -> Array:
    return a // b if np.issubdtype(np.asarray(a).dtype, np.integer) else a / b


_OPS: Mapping[str, Callable[..., Array]] = {
    "Add": lambda a, b: a + b,
    "BatchNormalization": _normalise,
    "Cast": lambda x, to: np.asarray(x).astype(_TYPES[to]),
    "Concat": lambda *parts, axis: np.concatenate(parts, axis=axis),
    "Div": _divide,
    "Exp": np.exp,
    "Gather": lambda x, at, axis=0: np.take(x, at, axis=axis),
    "Gemm": _gemm,
    "Log": np.log,
    "Mul": lambda a, b: a * b,
    "Neg": np.negative,
    "Relu": lambda x: np.maximum(x, 0),
    "Shape": lambda x: np.array(x.shape),
    "Sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "Slice": _slice,
    "Sub": lambda a, b: a - b,
    "Unsqueeze": lambda x, axes: np.expand_dims(x, tuple(int(axis) for axis in np.ravel(axes))),
}


def _read(data: bytes) -> tuple[list[Node], dict[str, Array], str]:
    """Return nodes in order, stored arrays, and the name of the answer."""
    graph = _one(data, 7)
    nodes = [_node(part) for part in _all(graph, 1)]
    stored = {_one(part, 8).decode(): _tensor(part) for part in _all(graph, 5)}
    return nodes, stored, _one(_one(graph, 12), 1).decode()


def _node(data: bytes) -> Node:
    inputs = tuple(name.decode() for name in _all(data, 1))
    options = dict(_option(part) for part in _all(data, 5))
    return Node(_one(data, 4).decode(), inputs, _one(data, 2).decode(), options)


def _option(data: bytes) -> tuple[str, Any]:
    name, kind = _one(data, 1).decode(), _one(data, 20)
    if kind == 1:
        return name, struct.unpack("<f", _one(data, 2))[0]
    if kind == 2:
        return name, _one(data, 3)
    if kind == 4:
        return name, _tensor(_one(data, 5))
    raise ValueError(f"The attribute {name!r} is of kind {kind}; this reader knows floats, whole numbers and tensors.")


def _tensor(data: bytes) -> Array:
    raw = _one(data, 9)
    return np.frombuffer(raw, _TYPES[_one(data, 2)]).reshape([int(n) for n in _all(data, 1)])


def _one(data: bytes, wanted: int) -> Any:
    return next(iter(_all(data, wanted)))


def _all(data: bytes, wanted: int) -> Sequence[Any]:
    return [value for field, value in _fields(data) if field == wanted]


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """Yield (field, value) of a protobuf message: numbers as int, everything else as bytes."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        field, wire = tag >> 3, tag & 7
        if wire == 0:
            value, at = _varint(data, at)
            yield field, value
            continue
        if wire == 2:
            size, at = _varint(data, at)
        else:
            size = {1: 8, 5: 4}[wire]
        yield field, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7


def check(file: Path) -> float:
    """Return the largest difference from onnxruntime over 1,000 random rows of rbv2_rpart."""
    import onnxruntime  # only here: a check made once, not something the benchmark needs

    rng = np.random.default_rng(0)
    low, high = np.array([1e-3, 1, 1, 1, 0.03, 1]), np.array([1, 30, 100, 100, 1, 10])
    x_cont = (low + (high - low) * rng.random((1000, 6))).astype(np.float32)
    x_cat = np.stack([rng.integers(1, 118, 1000), rng.integers(1, 4, 1000)], axis=1).astype(np.int32)
    theirs = onnxruntime.InferenceSession(str(file)).run(None, {"x_cat": x_cat, "x_cont": x_cont})[0]
    ours = np.concatenate([Graph(file, i)(x_cat=x_cat, x_cont=x_cont) for i in range(theirs.shape[1])], axis=1)
    return float(np.max(np.abs(ours[:, 0] - theirs[:, 0])))


if __name__ == "__main__":
    print(f"largest difference in accuracy: {check(Path(sys.argv[1])):.1e}")
