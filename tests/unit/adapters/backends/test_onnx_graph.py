from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st

from danmu_tts.adapters.backends.onnx_graph import OnnxGraph
from tests.builders.onnx_models import Step, onnx_model

STEPS = [
    Step("Neg", ("given",), "minus"),
    Step("Sub", ("given", "minus"), "double"),
    Step("Mul", ("double", "weight"), "product"),
]
WEIGHTS = {"weight": 5.0, "unused": 7.0}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "model.onnx"
    path.write_bytes(onnx_model(STEPS, given="given", wanted="product", weights=WEIGHTS))
    return path


def run(model: bytes, **inputs: float) -> float:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    assert {each.name for each in session.get_inputs()} == set(inputs)
    arrays = {name: np.full((1, 1, 2), value, np.float32) for name, value in inputs.items()}
    return float(session.run(None, arrays)[0].ravel()[0])


def test_reads_what_leads_to_what(path: Path) -> None:
    graph = OnnxGraph.read(path)
    assert [(node.operator, node.inputs, node.outputs) for node in graph.nodes] == [
        (step.operator, step.inputs, (step.output,)) for step in STEPS
    ]
    assert [node.name for node in graph.nodes] == ["/Neg_minus", "/Sub_double", "/Mul_product"]
    assert (list(graph.weights), list(graph.inputs), graph.outputs) == (["weight", "unused"], ["given"], ("product",))
    assert graph.makers["double"].operator == "Sub"


def test_the_parts_one_after_another_do_what_the_whole_does(path: Path) -> None:
    graph = OnnxGraph.read(path)
    whole = run(path.read_bytes(), given=3)
    assert whole == 30
    assert run(graph.part(["double"], "product"), double=run(graph.part([], "double"), given=3)) == whole


def test_a_part_may_need_an_input_of_the_model_besides(path: Path) -> None:
    assert run(OnnxGraph.read(path).part(["minus"], "double"), minus=1, given=3) == 2


def test_a_part_takes_along_the_weights_that_it_uses(path: Path) -> None:
    graph = OnnxGraph.read(path)
    assert b"weight" in graph.part(["double"], "product")
    assert b"weight" not in graph.part([], "double")
    assert b"unused" not in graph.part([], "product")


@given(st.data())
def test_a_file_that_ends_midway_is_no_model(data: st.DataObject) -> None:
    model = onnx_model(STEPS, given="given", wanted="product", weights=WEIGHTS)
    cut = data.draw(st.integers(model.rindex(b"product"), len(model) - 1))
    with pytest.raises(ValueError, match="midway"):
        OnnxGraph.of(model[:cut])


@given(st.binary(max_size=40))
def test_whatever_the_bytes_are_it_is_a_graph_or_a_value_error(content: bytes) -> None:
    try:
        OnnxGraph.of(content)
    except ValueError:
        return
