"""Makes test/fixtures/gguf-quants.json with gguf's reference implementation: blocks of every format with the values that they stand for, and, where
it quantizes, values with the blocks that they become.

Usage, from the repository root: python scripts/parity/gguf-quants.py
Needs: pip install gguf numpy (made with 0.19.0 and 2.4.6)

shared/quantization must give the same values and the same blocks, bit by bit; NaN counts as NaN.
"""

import base64
import json
from pathlib import Path

import numpy as np
from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType
from gguf.quants import dequantize, quantize

PATH = Path("test/fixtures/gguf-quants.json")
RNG = np.random.default_rng(20261130)

# Where the half-precision numbers of a block are.
HALVES = {
    "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "IQ4_NL": [0],
    "Q2_K": [80, 82], "Q3_K": [108], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208], "F16": [0], "BF16": [],
}
QUANTIZED = ["F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0"]
SPECIAL = np.array([0.0, -0.0, 1.0, -1.0, 65504.0, -65504.0, 2.0**-24, -(2.0**-14), np.inf, -np.inf, np.nan], np.float16)


def encoded(array: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def blocks_of(name: str) -> np.ndarray:
    """Random blocks with scales of a usual size, with special ones, with any, and all zeros and ones."""
    size, width = GGML_QUANT_SIZES[GGMLQuantizationType[name]]
    usual = 8 if size == 256 else 16
    count = usual + len(SPECIAL) + 4
    blocks = RNG.integers(0, 256, (count, width), dtype=np.uint8)
    for at in HALVES[name]:
        usual_scales = (RNG.standard_normal(usual) * 0.01).astype(np.float16)
        scales = np.concatenate([usual_scales, SPECIAL])
        blocks[: len(scales), at : at + 2] = scales.view(np.uint8).reshape(-1, 2)
        if at != HALVES[name][0]:  # not infinity minus infinity alone
            blocks[usual : usual + len(SPECIAL), at : at + 2] = RNG.permutation(SPECIAL).view(np.uint8).reshape(-1, 2)
    blocks[-2] = 0
    blocks[-1] = 255
    return blocks


def values_to_quantize() -> np.ndarray:
    """Rows of 32: of several distributions and sizes, halves between two levels, single values, and none."""
    normal = RNG.standard_normal((12, 32)) * np.logspace(-4, 3, 12)[:, None]
    uniform = RNG.uniform(-1, 1, (6, 32)) * np.logspace(-6, 4, 6)[:, None]
    positive = RNG.uniform(0.5, 1, (3, 32)) * np.array([[1], [-1], [100]])
    steps = np.arange(32) - 16.0
    ties = np.stack([steps / 2, -steps / 2, steps / 4 + 0.125, (np.arange(32) * 8.5) - 127, np.arange(32) / 2])
    alone = np.zeros((3, 32))
    alone[0, 5], alone[1, 31], alone[2, 0] = 3, -0.7, 1e-7
    constant = np.stack([np.full(32, 0.3), np.full(32, -1.7), np.zeros(32)])
    edges = np.stack([np.linspace(-65504, 65504, 32), np.linspace(-1e-30, 2e-30, 32), np.linspace(-6e-8, 3e-8, 32)])
    return np.concatenate([normal, uniform, positive, ties, alone, constant, edges]).astype(np.float32)


values = values_to_quantize()
with np.errstate(all="ignore"):
    formats = {}
    for name in HALVES:
        kind = GGMLQuantizationType[name]
        blocks = blocks_of(name) if name not in ("F16", "BF16") else RNG.integers(0, 256, (64, 2), dtype=np.uint8)
        of_values = quantize(values, kind).view(np.uint8) if name in QUANTIZED else None
        formats[name] = {
            "blockSize": GGML_QUANT_SIZES[kind][0],
            "blockBytes": GGML_QUANT_SIZES[kind][1],
            "blocks": encoded(blocks),
            "values": encoded(dequantize(blocks, kind)),
            **({} if of_values is None else {"quantized": encoded(of_values)}),
        }

PATH.write_text(json.dumps({"values": encoded(values), "formats": formats}, indent=1) + "\n")
print(PATH, PATH.stat().st_size, "bytes")
