"""Makes test/fixtures/encoding.json: the ids that tiktoken and Hugging Face's tokenizers give to texts, with the vocabularies of
test/fixtures/bpe-*.json (scripts/parity/bpe.py) in the shapes of GPT-2's, Llama 3's and Qwen 2.5's tokenizer.json.

Usage: python scripts/parity/encoding.py [directory of the fixtures, default test/fixtures]
Needs: pip install tokenizers tiktoken (made with 0.23.3 and 0.14.0)
"""

import copy
import json
import random
import sys
from pathlib import Path

import tiktoken
from tokenizers import Tokenizer

GPT2_PATTERN = r"""'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"""  # tiktoken_ext/openai_public.py
QWEN2_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
PARTS = [
    " ", "  ", "\n", "\n\n", "\t", "\r\n", "The", " bird", "'s", "'LL", "don't", " 2024", "12", "...", "!?", "é", "e\u0301",
    "A\u030a", "\u212b", "\ufb01", "漢", "の", "\uac00", "\u1100\u1161", "👩‍👩‍👧", "\u00a0", "\u3000", "\u0085", "\ufeff", "\u200b",
    "<|endoftext|>", "<think>", "</think>", "<thin", "_", "x=1;", "ſ", "ß", "\x00", "\u0338", "ا", "ِ", "q\u0323\u0307", "q\u0307\u0323",
]  # fmt: skip


def byte_of_character():
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(0x100 + i): byte for i, byte in enumerate(others)}


def tiktoken_of(tokenizer):
    """tiktoken merges the pair whose token has the lowest rank: the id, as special tokens come first and merges make ids in order."""
    alphabet = byte_of_character()
    special = {token["content"]: token["id"] for token in tokenizer["added_tokens"]}
    vocab = tokenizer["model"]["vocab"]
    ranks = {bytes(alphabet[c] for c in token): id for token, id in vocab.items() if token not in special}
    return tiktoken.Encoding("fixture", pat_str=GPT2_PATTERN, mergeable_ranks=ranks, special_tokens=special)


def qwen_shape(tokenizer):
    shape = copy.deepcopy(tokenizer)
    shape["normalizer"] = {"type": "NFC"}
    split = {"type": "Split", "pattern": {"Regex": QWEN2_PATTERN}, "behavior": "Isolated", "invert": False}
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    shape["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [split, byte_level]}
    size = len(shape["model"]["vocab"])
    for i, content in enumerate(["<think>", "</think>"]):
        flags = dict.fromkeys(["single_word", "lstrip", "rstrip", "normalized", "special"], False)
        shape["added_tokens"].append({"id": size + i, "content": content, **flags})
    return shape


def llama3_shape(tokenizer):
    shape = copy.deepcopy(tokenizer)
    shape["model"]["ignore_merges"] = True
    # A token that no merge makes: only ignore_merges finds it.
    shape["model"]["vocab"]["Ġzzz"] = len(shape["model"]["vocab"])
    return shape


def main():
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "test/fixtures")
    read = lambda name: json.loads((folder / f"bpe-{name}.json").read_text(encoding="utf-8"))
    rng = random.Random(1)
    texts = ["".join(rng.choices(PARTS, k=rng.randint(1, 30))) for _ in range(80)]
    texts += ["zzz zzz zzzz", "Hello, world!", "<|endoftext|>A<|endoftext|>\u030a"]
    gpt2 = read("gpt2")["tokenizer"]
    shapes = {"gpt2": gpt2, "qwen2": qwen_shape(gpt2), "llama3": llama3_shape(read("llama3")["tokenizer"])}
    fixture = {"texts": texts, "tiktoken": tiktoken_of(gpt2).encode_ordinary_batch(texts), "shapes": {}}
    for name, shape in shapes.items():
        tokenizer = Tokenizer.from_str(json.dumps(shape))
        with_special = [tokenizer.encode(text).ids for text in texts]
        tokenizer.encode_special_tokens = True
        ordinary = [tokenizer.encode(text).ids for text in texts]
        # What differs from the fixtures of bpe.py, instead of all again.
        changed = {key: shape[key] for key in ["normalizer", "pre_tokenizer", "added_tokens"]}
        ignore_merges = shape["model"]["ignore_merges"]
        fixture["shapes"][name] = {**changed, "ignoreMerges": ignore_merges, "special": with_special, "ordinary": ordinary}
    text = json.dumps(fixture, ensure_ascii=True)
    (folder / "encoding.json").write_text(text + "\n", encoding="utf-8")


main()
