# SPDX-License-Identifier: Apache-2.0
"""Files of the sentence embedding model all-MiniLM-L6-v2 (int8 ONNX), and nothing else.

The graph takes ``input_ids`` and ``attention_mask`` (int64, batch x length; texts padded on the
right) and gives ``embedding`` (float32, batch x 384), of unit length. It keeps its large
initialisers in ``model.onnx.data`` beside it, so it has to be loaded by path.
"""

from pathlib import Path

__all__ = ["DIMENSION", "FOLDER", "MODEL", "MODEL_DATA", "SHA256", "TOKENIZER", "__version__"]

__version__ = "1.0.0"

DIMENSION = 384

FOLDER = Path(__file__).resolve().parent
MODEL = FOLDER / "model.onnx"
MODEL_DATA = FOLDER / "model.onnx.data"
TOKENIZER = FOLDER / "tokenizer.json"

SHA256 = {
    "model.onnx": "0831b94cb2d26917c64299058c4306928d1bbf1818ee35953c4975eb81554e5d",
    "model.onnx.data": "c796230913ca9dc7f7b8ac39177513d25a55f02f794b42ba36de3f8cbf74edb7",
    "tokenizer.json": "5fd1c882abbd30517dced455a2c9768945ec726b96727927e4959348d9de550b",
}
"""SHA-256 of each file, in hexadecimal."""
