# SPDX-License-Identifier: AGPL-3.0-only
"""Makes ``hidden_model.onnx``: a stand-in with the inputs and outputs of a BERT export.

Not a test, and not needed to run them: ``pip install onnx``, then run this file. The "model" looks
a token up in a table of 97 random rows and adds the mean over the text, so that the vector of the
first token depends on all others, as in the real models that are pooled by it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

ROWS, WIDTH = 97, 8


def main() -> None:
    table = np.random.default_rng(7).standard_normal((ROWS, WIDTH), np.float32)
    tensors = {
        "table": table,
        "types": np.zeros((2, WIDTH), np.float32),
        "rows": np.array(ROWS, np.int64),
        "axis": np.array([2], np.int64),
    }
    nodes = [
        helper.make_node("Mod", ["input_ids", "rows"], ["row"]),
        helper.make_node("Gather", ["table", "row"], ["token"]),
        helper.make_node("Gather", ["types", "token_type_ids"], ["type"]),
        helper.make_node("Add", ["token", "type"], ["embedded"]),
        helper.make_node("Cast", ["attention_mask"], ["weight"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["weight", "axis"], ["weights"]),
        helper.make_node("Mul", ["embedded", "weights"], ["weighted"]),
        helper.make_node("ReduceMean", ["weighted"], ["mean"], axes=[1], keepdims=1),
        helper.make_node("Add", ["embedded", "mean"], ["last_hidden_state"]),
    ]
    graph = helper.make_graph(
        nodes,
        "hidden",
        [
            helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "length"])
            for name in ("input_ids", "attention_mask", "token_type_ids")
        ],
        [
            helper.make_tensor_value_info(
                "last_hidden_state", TensorProto.FLOAT, ["batch", "length", WIDTH]
            )
        ],
        [numpy_helper.from_array(value, name) for name, value in tensors.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    path = Path(__file__).with_name("hidden_model.onnx")
    path.write_bytes(model.SerializeToString(deterministic=True))


if __name__ == "__main__":
    main()
