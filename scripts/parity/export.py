"""What another program computes of an exported model: scripts/parity/export.ts asks.

Usage: python scripts/parity/export.py transformers|llama|llama2c FOLDER [PROGRAM]

FOLDER has expected.json (text, ids, greedy ids; the greedy text without a prompt), logits.bin (float32 [tokens, vocabulary]), and hf/, model.gguf, or model.bin and tokenizer.bin.
The last line printed is JSON: whether ids of the text are the same, the largest difference of a logit relative to the largest logit, whether the greedy
continuation is the same, and the perplexity.
"""

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy


def perplexity(logits, ids):
    logits = logits.astype(numpy.float64)
    most = logits.max(axis=1, keepdims=True)
    normalizer = most[:, 0] + numpy.log(numpy.exp(logits - most).sum(axis=1))
    nats = [normalizer[i] - logits[i, ids[i + 1]] for i in range(len(ids) - 1)]
    return math.exp(sum(nats) / len(nats))


def answer(expected, folder, ids, logits, greedy):
    ours = numpy.fromfile(folder / "logits.bin", dtype=numpy.float32).reshape(len(expected["ids"]), -1)
    columns = min(ours.shape[1], logits.shape[1])  # gemma3's GGUF has no rows beyond the tokenizer
    difference = numpy.abs(ours[:, :columns] - logits[:, :columns]).max() / numpy.abs(ours).max()
    return dict(ids=ids == expected["ids"], difference=float(difference), greedy=greedy, perplexity=perplexity(logits, expected["ids"]))


def by_transformers(folder, expected):
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder / "hf")
    model = AutoModelForCausalLM.from_pretrained(folder / "hf", attn_implementation="eager").float().eval()
    ids = tokenizer(expected["text"])["input_ids"]
    with torch.no_grad():
        input_ids = torch.tensor([expected["ids"]])
        logits = model(input_ids).logits[0].float().numpy()
        out = model.generate(input_ids, max_new_tokens=len(expected["greedy"]), do_sample=False)[0].tolist()
    greedy = out[len(expected["ids"]):]
    same = greedy == expected["greedy"][: len(greedy)] and (len(greedy) == len(expected["greedy"]) or greedy[-1] == expected["end"])
    decoded = tokenizer.decode(expected["ids"][1:]) == expected["text"]
    return answer(expected, folder, ids if decoded else [], logits, same)


def by_llama(folder, expected):
    from llama_cpp import Llama

    llm = Llama(
        str(folder / "model.gguf"), n_ctx=128, n_batch=128, n_ubatch=128, logits_all=True, verbose=False, type_k=0, type_v=0, flash_attn=False, n_threads=2,
        swa_full=True,
    )
    ids = llm.tokenize(expected["text"].encode(), add_bos=True, special=True)
    llm.reset()
    llm.eval(expected["ids"])
    logits = numpy.array(llm.scores[: len(expected["ids"])])
    greedy = []
    while len(greedy) < len(expected["greedy"]):
        token = int(numpy.argmax(llm.scores[llm.n_tokens - 1]))
        greedy.append(token)
        if len(greedy) < len(expected["greedy"]):
            llm.eval([token])
    return answer(expected, folder, ids, logits, greedy == expected["greedy"])


def printable(text):
    """What run.c prints of it: no bytes beyond ASCII that are tokens by themselves, and no space at the beginning."""
    return "".join(c for c in text if " " < c <= "~")


def by_llama2c(folder, expected, program):
    steps = len(expected["greedy"])
    command = [program, str(folder / "model.bin"), "-z", str(folder / "tokenizer.bin"), "-t", "0", "-n", str(steps), "-i", ""]
    text = subprocess.run(command, capture_output=True, check=True).stdout.decode("ascii", errors="ignore")
    ours = printable(expected["unprompted"].split("<|endoftext|>")[0])
    return dict(ids=True, greedy=len(ours) > 0 and printable(text) == ours)


def main():
    program, folder, *rest = sys.argv[1:]
    folder = Path(folder)
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    by = dict(transformers=by_transformers, llama=by_llama, llama2c=by_llama2c)[program]
    print(json.dumps(by(folder, expected, *rest)))


main()
