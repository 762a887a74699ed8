"""One training of a tokenizer with Hugging Face tokenizers: the counterpart of arrowsmith.ts, with the same arguments and output."""

import json
import os
import resource
import sys
import time

path, vocabulary_size, threads, *output = sys.argv[1:]
os.environ["RAYON_NUM_THREADS"] = threads

import tokenizers
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

END_OF_TEXT = "<|endoftext|>"


def documents():
    rest = ""
    with open(path, encoding="utf-8", newline="") as file:
        while block := file.read(4 * 2**20):
            *whole, rest = (rest + block).split(END_OF_TEXT)
            yield from whole
    yield rest


start = time.perf_counter()
tokenizer = Tokenizer(models.BPE())
tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
trainer = trainers.BpeTrainer(
    vocab_size=int(vocabulary_size),
    min_frequency=2,
    special_tokens=[END_OF_TEXT],
    initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    show_progress=False,
)
tokenizer.train_from_iterator(documents(), trainer)
seconds = time.perf_counter() - start
max_rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
if output:
    tokenizer.save(output[0])
print(json.dumps({"seconds": seconds, "maxRss": max_rss, "version": tokenizers.__version__}))
