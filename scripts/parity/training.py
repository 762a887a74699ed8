"""The runs of shared/training/src/torch-parity.test.ts in PyTorch: prints the losses and gradient norms that the test compares with.

Usage: python scripts/parity/training.py [muon]    (needs transformers and torch, for Muon 2.9 or later)
"""

import math
import sys

import torch
from transformers import LlamaConfig, LlamaForCausalLM

VOCABULARY, CONTEXT, STEPS, WARMUP, PEAK, MINIMUM = 23, 12, 20, 4, 0.02, 0.002

model = LlamaForCausalLM(
    LlamaConfig(
        vocab_size=VOCABULARY, hidden_size=16, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        intermediate_size=24, max_position_embeddings=CONTEXT, rms_norm_eps=1e-5, tie_word_embeddings=True,
    )
).double()  # float64, so that every difference is ours

# Closed-form weights: element i of the t-th matrix (in order of names) is 0.2 sin(1.7 i + t); norms are ones.
parameters = dict(sorted(model.named_parameters()))
matrices = [parameter for parameter in parameters.values() if parameter.dim() == 2]
for t, parameter in enumerate(matrices):
    i = torch.arange(parameter.numel(), dtype=torch.float64)
    parameter.data = (0.2 * torch.sin(1.7 * i + t)).view_as(parameter)

rows = torch.tensor([[(row + 3 * i) % VOCABULARY for i in range(CONTEXT + 1)] for row in range(11)])
vectors = [parameter for parameter in parameters.values() if parameter.dim() == 1]


def adamw(matrices):
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, betas=(0.9, 0.95), eps=1e-8)


if sys.argv[1:] == ["muon"]:
    torch.bfloat16 = torch.float64  # which Muon's Newton-Schulz steps ask for by name
    within_layers = [parameter for name, parameter in parameters.items() if parameter.dim() == 2 and "layers" in name]
    muon = torch.optim.Muon(within_layers, weight_decay=0.1, adjust_lr_fn="match_rms_adamw")
    optimizers = [muon, adamw([matrix for matrix in matrices if all(matrix is not other for other in within_layers)])]
else:
    optimizers = [adamw(matrices)]


def loss_of():
    logits = model(rows[:, :-1]).logits
    return torch.nn.functional.cross_entropy(logits.reshape(-1, VOCABULARY), rows[:, 1:].reshape(-1))


for step in range(1, STEPS + 1):
    progress = (step - WARMUP) / (STEPS - WARMUP)
    cosine = MINIMUM + 0.5 * (1 + math.cos(math.pi * progress)) * (PEAK - MINIMUM)
    for group in [group for optimizer in optimizers for group in optimizer.param_groups]:
        group["lr"] = PEAK * step / WARMUP if step <= WARMUP else cosine
    model.zero_grad()
    loss = loss_of()
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
    for optimizer in optimizers:
        optimizer.step()
    print(f"  [{loss.item():.6f}, {norm.item():.6f}],")
print(f"after: {loss_of().item():.6f}")
