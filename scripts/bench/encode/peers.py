"""Encodes the documents of a file with Hugging Face's tokenizers and with tiktoken: prints one JSON line, seconds and tokens of each.

Usage: RAYON_NUM_THREADS=N python peers.py tokenizer.json documents.json N
"""

import json
import sys
import time


def bytes_of_character():
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(0x100 + i): byte for i, byte in enumerate(others)}


def measure(encode):
    start = time.perf_counter()
    encoded = encode()
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "tokens": sum(map(len, encoded))}


def main():
    path, documents_path, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
    documents = json.load(open(documents_path, encoding="utf-8"))
    found = {}
    try:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(path)
        tokenizer.encode_special_tokens = True
        found["tokenizers"] = measure(lambda: tokenizer.encode_batch_fast(documents))
    except ImportError:
        pass
    try:
        import tiktoken

        description = json.load(open(path, encoding="utf-8"))
        alphabet = bytes_of_character()
        special = {token["content"]: token["id"] for token in description["added_tokens"]}
        vocab = description["model"]["vocab"]
        ranks = {bytes(alphabet[c] for c in token): id for token, id in vocab.items() if token not in special}
        # GPT-2's pattern as tiktoken spells it since 0.8 (tiktoken_ext/openai_public.py).
        pattern = r"""'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"""
        encoding = tiktoken.Encoding("bench", pat_str=pattern, mergeable_ranks=ranks, special_tokens=special)
        found["tiktoken"] = measure(lambda: encoding.encode_ordinary_batch(documents, num_threads=threads))
    except ImportError:
        pass
    print(json.dumps(found))


main()
