"""The distributions of shared/generation/src/sample.test.ts, by transformers' logits warpers in float64.

Usage: python scripts/parity/sampling.py    (needs torch and transformers)
"""

import torch
from transformers import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

LOGITS = torch.tensor([[1.25, -0.5, 3, 0.75, 2.125, -2, 2.5, 0]], dtype=torch.float64)
CASES = [(1, 0, 1), (0.7, 0, 1), (1, 3, 1), (1, 0, 0.8), (0.7, 5, 0.9), (2, 4, 0.75), (1.5, 6, 0.3)]

for temperature, top_k, top_p in CASES:
    warpers = [TemperatureLogitsWarper(float(temperature))]
    if top_k > 0:
        warpers.append(TopKLogitsWarper(top_k))
    if top_p < 1:
        warpers.append(TopPLogitsWarper(top_p))
    scores = LOGITS.clone()
    for warper in warpers:
        scores = warper(None, scores)
    print((temperature, top_k, top_p), [round(p, 10) for p in scores.softmax(-1)[0].tolist()])
