"""The distributions of shared/generation/src/sampling/sample.test.ts and penalties.test.ts, by transformers' logits warpers in float64.

Usage: python scripts/parity/sampling.py    (needs torch and transformers)
"""

import torch
from transformers import (
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

LOGITS = torch.tensor([[1.25, -0.5, 3, 0.75, 2.125, -2, 2.5, 0]], dtype=torch.float64)
CASES = [
    (1, 0, 1, 0),
    (0.7, 0, 1, 0),
    (1, 3, 1, 0),
    (1, 0, 0.8, 0),
    (0.7, 5, 0.9, 0),
    (2, 4, 0.75, 0),
    (1.5, 6, 0.3, 0),
    (1, 0, 1, 0.2),
    (2, 6, 0.95, 0.4),
    (1, 0, 0.8, 0.01),
    (0.7, 0, 1, 1),
]
SEQUENCE = torch.tensor([[2, 1, 2, 7, 5]])

for temperature, top_k, top_p, min_p in CASES:
    warpers = [TemperatureLogitsWarper(float(temperature))]
    if top_k > 0:
        warpers.append(TopKLogitsWarper(top_k))
    if top_p < 1:
        warpers.append(TopPLogitsWarper(top_p))
    if min_p > 0:
        warpers.append(MinPLogitsWarper(min_p))
    scores = LOGITS.clone()
    for warper in warpers:
        scores = warper(None, scores)
    print((temperature, top_k, top_p, min_p), [round(p, 10) for p in scores.softmax(-1)[0].tolist()])

for penalty in (1.3, 0.8):
    print(penalty, RepetitionPenaltyLogitsProcessor(penalty)(SEQUENCE, LOGITS.float())[0].tolist())
