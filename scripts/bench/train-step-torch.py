"""Times a PyTorch training step of the model that its argument describes, whenever it is asked to.

Usage: python scripts/bench/train-step-torch.py '{"hiddenSize": 128, ..., "precision": "bf16", "compile": false, "threads": 2}'
       (besides, "device": "cuda" or "mps", on which the step runs in place of the processor)

Prints JSON, a line each: {"version"} after warming up; for each line of input, {"steps"} or {"seconds", "leastSteps"}, a list of the
seconds that so many steps took, and for {"gemm": [m, n, k], "turns"}, of so many products [m, k] [n, k]^T in the precision;
{"maxRss"} at the input's end.

Needs: pip install torch (2.5 or later)
"""

import contextlib
import json
import resource
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

config = json.loads(sys.argv[1])
D, L, H, KV, HD = (config[key] for key in ("hiddenSize", "layers", "heads", "kvHeads", "headDim"))
V, S, B = config["vocabularySize"], config["contextLength"], config["batchSize"]
WARM_UP_STEPS = 2
DEVICE = torch.device(config.get("device", "cpu"))
BF16 = config["precision"] == "bf16"
# A graphics processor is told of the next steps while it computes one.
STEPS_AT_ONCE = 1 if DEVICE.type == "cpu" else 5


class OldRMSNorm(nn.Module):
    """nn.RMSNorm for a PyTorch before 2.4, such as Debian's."""

    def __init__(self, size, epsilon):
        super().__init__()
        self.weight, self.epsilon = nn.Parameter(torch.ones(size)), epsilon

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.epsilon) * self.weight


RMSNorm = getattr(nn, "RMSNorm", OldRMSNorm)
IS_CURRENT = hasattr(nn, "RMSNorm")
FUTURE = torch.full((S, S), float("-inf")).triu(1).to(DEVICE)


def attend(q, k, v):
    if IS_CURRENT:
        return F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=H != KV)
    k, v = k.repeat_interleave(H // KV, 1), v.repeat_interleave(H // KV, 1)
    return (q @ k.transpose(-1, -2) / HD**0.5 + FUTURE.to(q.dtype)).softmax(-1) @ v


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        linear = lambda i, o: nn.Linear(i, o, bias=False)
        self.q, self.k, self.v, self.o = linear(D, H * HD), linear(D, KV * HD), linear(D, KV * HD), linear(H * HD, D)
        self.gate, self.up = linear(D, config["intermediateSize"]), linear(D, config["intermediateSize"])
        self.down = linear(config["intermediateSize"], D)
        self.norm1, self.norm2 = RMSNorm(D, 1e-5), RMSNorm(D, 1e-5)

    def forward(self, x, cos, sin):
        y = self.norm1(x)
        q = rope(self.q(y).view(B, S, H, HD).transpose(1, 2), cos, sin)
        k = rope(self.k(y).view(B, S, KV, HD).transpose(1, 2), cos, sin)
        v = self.v(y).view(B, S, KV, HD).transpose(1, 2)
        attended = attend(q, k, v)
        x = x + self.o(attended.transpose(1, 2).reshape(B, S, H * HD))
        y = self.norm2(x)
        return x + self.down(F.silu(self.gate(y)) * self.up(y))


def rope(x, cos, sin):
    cos, sin = cos.to(x.dtype), sin.to(x.dtype)  # or autocast's bfloat16 would become float32 again
    a, b = x.chunk(2, -1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), -1)


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(V, D)
        nn.init.normal_(self.embedding.weight, std=0.02)
        self.blocks = nn.ModuleList(Block() for _ in range(L))
        self.norm = RMSNorm(D, 1e-5)
        angles = torch.outer(torch.arange(S), config["ropeTheta"] ** (-torch.arange(0, HD, 2) / HD))
        self.register_buffer("cos", angles.cos())
        self.register_buffer("sin", angles.sin())

    def forward(self, ids, targets):
        x = self.embedding(ids)
        for block in self.blocks:
            x = block(x, self.cos, self.sin)
        return F.cross_entropy(F.linear(self.norm(x), self.embedding.weight).flatten(0, 1), targets.flatten())


def train_step():
    optimizer.zero_grad()
    with torch.autocast(DEVICE.type, torch.bfloat16) if BF16 else contextlib.nullcontext():
        loss = loss_of(ids[:, :-1], ids[:, 1:])
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()


torch.manual_seed(1)
torch.set_num_threads(config["threads"])
model = Decoder().to(DEVICE)
loss_of = torch.compile(model) if config["compile"] else model
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.95), weight_decay=0.1, **({"fused": True} if IS_CURRENT else {}))
ids = torch.randint(V, (B, S + 1)).to(DEVICE)


def wait():
    """Until a graphics processor has done what it was told."""
    if DEVICE.type != "cpu":
        getattr(torch, DEVICE.type).synchronize()


def timed_steps(steps=None, seconds=0, leastSteps=1):
    times, begin = [], time.perf_counter()
    while len(times) < (steps or leastSteps) or (steps is None and time.perf_counter() - begin < seconds):
        times.append(seconds_of(train_steps) / STEPS_AT_ONCE)
    return times


def train_steps():
    for _ in range(STEPS_AT_ONCE):
        train_step()


def seconds_of(work):
    wait()
    start = time.perf_counter()
    work()
    wait()
    return time.perf_counter() - start


def timed_products(gemm, turns):
    m, n, k = gemm
    dtype = torch.bfloat16 if BF16 else torch.float32
    a, b = torch.randn(m, k, device=DEVICE, dtype=dtype), torch.randn(n, k, device=DEVICE, dtype=dtype)
    count = 10  # at a time, of which waiting is a small part

    def multiply():
        for _ in range(count):
            F.linear(a, b)

    seconds_of(multiply)
    return [seconds_of(multiply) / count for _ in range(turns)]


def answer(value):
    print(json.dumps(value), flush=True)


timed_steps(WARM_UP_STEPS)
answer({"version": torch.__version__.split("+")[0]})
for line in sys.stdin:
    asked = json.loads(line)
    answer(timed_products(**asked) if "gemm" in asked else timed_steps(**asked))
kilobyte = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes
answer({"maxRss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * kilobyte})
