"""Trains nanoGPT's model on Tiny Shakespeare by its published CPU recipe, in PyTorch; prints time and validation loss as JSON.

The recipe (https://github.com/karpathy/nanoGPT, "I only have a macbook"): characters, 4 layers, 4 heads, d 128, context 64, batch 12,
2000 steps, AdamW at 1e-3 falling along a cosine to 1e-4 after 100 steps of warm-up, beta2 0.99, weight decay 0.1, no dropout.

Usage: python scripts/bench/shakespeare-char-torch.py text.txt '{"threads": 2, "steps": 2000, "compile": false}'
Needs: pip install torch (1.13 or later; from 2.0 on it has attention as one operation, which is used then)
"""

import json
import math
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

LAYERS, HEADS, D, CONTEXT, BATCH = 4, 4, 128, 64, 12
WARM_UP, CLIP = 100, 1.0

options = json.loads(sys.argv[2])
# nanoGPT's own unless asked otherwise; the last rate is a tenth of the first.
RATE, DEVIATION = options.get("learningRate", 1e-3), options.get("initializerRange", 0.02)
LAST_RATE = RATE / 10
STEPS = options["steps"]
torch.set_num_threads(options["threads"])
torch.manual_seed(1337)

text = open(sys.argv[1], encoding="utf-8", newline="").read()
characters = sorted(set(text))
ids = torch.tensor([characters.index(c) for c in text])
train, validation = ids[: int(0.9 * len(ids))], ids[int(0.9 * len(ids)) :]


class Norm(nn.Module):
    """nn.LayerNorm without bias, which it can be since 2.1."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(D))

    def forward(self, x):
        return F.layer_norm(x, (D,), self.weight)


def attend(q, k, v):
    if hasattr(F, "scaled_dot_product_attention"):
        return F.scaled_dot_product_attention(q, k, v, is_causal=True)
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    hidden = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
    return scores.masked_fill(hidden, -math.inf).softmax(-1) @ v


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = Norm(), Norm()
        self.qkv, self.projection = nn.Linear(D, 3 * D, bias=False), nn.Linear(D, D, bias=False)
        self.up, self.down = nn.Linear(D, 4 * D, bias=False), nn.Linear(4 * D, D, bias=False)

    def forward(self, x):
        B, T, _ = x.shape
        q, k, v = (t.view(B, T, HEADS, D // HEADS).transpose(1, 2) for t in self.qkv(self.norm1(x)).split(D, dim=2))
        y = attend(q, k, v)
        x = x + self.projection(y.transpose(1, 2).reshape(B, T, D))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class Gpt(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(len(characters), D), nn.Embedding(CONTEXT, D)
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
        self.norm = Norm()
        for name, parameter in self.named_parameters():
            is_residual = name.endswith(("projection.weight", "down.weight"))
            if parameter.dim() == 2:
                nn.init.normal_(parameter, std=DEVIATION / math.sqrt(2 * LAYERS) if is_residual else DEVIATION)

    def forward(self, inputs, targets):
        x = self.tokens(inputs) + self.positions.weight[: inputs.shape[1]]
        for block in self.blocks:
            x = block(x)
        logits = F.linear(self.norm(x), self.tokens.weight)
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


def batch():
    starts = torch.randint(len(train) - CONTEXT, (BATCH,)).tolist()
    inputs = torch.stack([train[i : i + CONTEXT] for i in starts])
    return inputs, torch.stack([train[i + 1 : i + 1 + CONTEXT] for i in starts])


def learning_rate(step):
    if step < WARM_UP:
        return RATE * (step + 1) / (WARM_UP + 1)
    return LAST_RATE + 0.5 * (1 + math.cos(math.pi * (step - WARM_UP) / (STEPS - WARM_UP))) * (RATE - LAST_RATE)


model = Gpt()
loss_of = torch.compile(model) if options["compile"] else model
groups = [
    {"params": [p for p in model.parameters() if p.dim() >= 2], "weight_decay": 0.1},
    {"params": [p for p in model.parameters() if p.dim() < 2], "weight_decay": 0.0},
]
optimizer = torch.optim.AdamW(groups, lr=RATE, betas=(0.9, 0.99))

start = time.perf_counter()
for step in range(STEPS):
    for group in optimizer.param_groups:
        group["lr"] = learning_rate(step)
    loss = loss_of(*batch())
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), CLIP)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
seconds = time.perf_counter() - start

# All of the validation split, in rows of one context.
rows = (len(validation) - 1) // CONTEXT
inputs = validation[: rows * CONTEXT].view(rows, CONTEXT)
targets = validation[1 : rows * CONTEXT + 1].view(rows, CONTEXT)
with torch.no_grad():
    parts = [model(x, y).item() * len(x) for x, y in zip(inputs.split(128), targets.split(128))]
parameters = sum(p.numel() for p in model.parameters())
name = f"torch {torch.__version__.split('+')[0]} {'compiled' if options['compile'] else 'eager'}"
print(json.dumps({"name": name, "parameters": parameters, "seconds": seconds, "validationLoss": sum(parts) / rows}))
