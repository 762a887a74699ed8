"""Makes test/fixtures/tensor-types.safetensors with safetensors' own implementation: a tensor of every type, awkward shapes, names and values.

Usage, from the repository root: python scripts/parity/tensor-types.py
Needs: pip install torch safetensors (made with 2.15.0 and 0.8.0)

shared/formats reads it and must write the same bytes again: so what it writes, safetensors reads.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

PATH = Path("test/fixtures/tensor-types.safetensors")

FLOATS = [0.0, -0.0, 1.0, -2.5, 65504.0, 2.0**-24, 2.0**-14, 0.333251953125, float("inf"), float("-inf"), float("nan")]

tensors = {
    "bool": torch.tensor([True, False, True]),
    "u8": torch.tensor([0, 255, 7], dtype=torch.uint8),
    "i8": torch.tensor([-128, 127, -1], dtype=torch.int8),
    "u16": torch.tensor([0, 65535], dtype=torch.uint16),
    "i16": torch.tensor([-(2**15), 2**15 - 1, -2], dtype=torch.int16),
    "u32": torch.tensor([0, 2**31 - 1], dtype=torch.uint32),
    "i32": torch.tensor([-(2**31), 2**31 - 1, -3], dtype=torch.int32),
    "u64": torch.tensor([0, 2**31 - 1], dtype=torch.uint64),
    "i64": torch.tensor([-(2**31), 2**31 - 1, -4], dtype=torch.int64),
    "i64.large": torch.tensor([0, 2**53 + 1], dtype=torch.int64),
    "f16": torch.tensor(FLOATS, dtype=torch.float16),
    "bf16": torch.tensor(FLOATS, dtype=torch.bfloat16),
    "f32": torch.tensor(FLOATS, dtype=torch.float32),
    "f64": torch.tensor(FLOATS, dtype=torch.float64),
    "scalar": torch.tensor(0.5),
    "empty": torch.zeros(2, 0, 3),
    "matrix": torch.arange(6, dtype=torch.float32).reshape(2, 3),
    # By bytes the tilde comes before the bow, by UTF-16 units after it.
    "\uff5e": torch.zeros(1),
    "\U0001f3f9": torch.ones(1),
    'quo"te \\ \n': torch.ones(1),
    "__proto__": torch.full((1,), 2.0),
}

save_file(tensors, PATH, {"format": "pt"})
for name, tensor in load_file(PATH).items():
    torch.testing.assert_close(tensor, tensors[name], rtol=0, atol=0, equal_nan=True)
print(PATH, PATH.stat().st_size, "bytes")
