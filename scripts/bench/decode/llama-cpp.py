"""The peer llama.cpp (PyPI's llama-cpp-python): `llama-cpp.py <model.gguf> <threads> <tokens>` writes a text greedily, and prints tokens a second, from
the first token on."""
import sys
import time

import llama_cpp
import numpy

path, threads, tokens = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
llm = llama_cpp.Llama(path, n_ctx=tokens + 1, n_batch=64, n_threads=threads, n_threads_batch=threads, verbose=False)
logits = lambda: numpy.ctypeslib.as_array(llama_cpp.llama_get_logits_ith(llm.ctx, -1), (llm.n_vocab(),))
token = 1
start = None
for _ in range(tokens):
    llm.eval([token])
    token = int(numpy.argmax(logits()))
    if start is None:
        start = time.perf_counter()
print((tokens - 1) / (time.perf_counter() - start))
