"""What Hugging Face's tokenizers and tiktoken make of documents with a pretrained tokenizer: the counterpart of pretrained.ts.

Usage: python pretrained.py TOKENIZER DOCUMENTS FOLDER
TOKENIZER is a tokenizer.json, or a folder with GPT-2's encoder.json and vocab.bpe; DOCUMENTS a JSON list of strings. Writes to FOLDER:
tokenizer.json, and ids of all documents, 32 bits each, documents one after the other with -1 behind each: tokenizers.bin,
tokenizers-special.bin (special tokens in the text are found), and, where its kind of tokenizer is meant, tiktoken.bin.
Needs: pip install tokenizers tiktoken
"""

import array
import json
import sys
from pathlib import Path

import tiktoken
from tokenizers import AddedToken, ByteLevelBPETokenizer, Tokenizer

GPT2_PATTERN = r"""'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"""  # tiktoken_ext/openai_public.py


def load(path):
    if path.is_dir():
        tokenizer = ByteLevelBPETokenizer(str(path / "encoder.json"), str(path / "vocab.bpe"))
        tokenizer.add_special_tokens([AddedToken("<|endoftext|>", special=True)])
        return Tokenizer.from_str(tokenizer.to_str())
    return Tokenizer.from_file(str(path))


def bytes_of_character():
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(0x100 + i): byte for i, byte in enumerate(others)}


def tiktoken_of(tokenizer):
    """Ids are ranks in GPT-2's and Llama 3's files. None where text is normalized or has added tokens, which tiktoken does not know."""
    description = json.loads(tokenizer.to_str())
    if description["normalizer"] or any(not token["special"] for token in description["added_tokens"]):
        return None
    split = description["pre_tokenizer"]
    if split["type"] == "Sequence" and len(split["pretokenizers"]) != 2:
        return None
    pattern = GPT2_PATTERN if split["type"] == "ByteLevel" else split["pretokenizers"][0]["pattern"]["Regex"]
    special = {token["content"]: token["id"] for token in description["added_tokens"]}
    alphabet = bytes_of_character()
    vocab = description["model"]["vocab"]
    ranks = {bytes(alphabet[c] for c in token): id for token, id in vocab.items() if token not in special}
    return tiktoken.Encoding("pretrained", pat_str=pattern, mergeable_ranks=ranks, special_tokens=special)


def write(path, documents):
    ids = array.array("i")
    for document in documents:
        ids.extend(document)
        ids.append(-1)
    path.write_bytes(ids.tobytes())


def main():
    source, documents_path, folder = map(Path, sys.argv[1:])
    documents = json.loads(documents_path.read_text(encoding="utf-8"))
    tokenizer = load(source)
    tokenizer.save(str(folder / "tokenizer.json"))
    encode = lambda: (encoding.ids for encoding in tokenizer.encode_batch_fast(documents, add_special_tokens=False))
    write(folder / "tokenizers-special.bin", encode())
    tokenizer.encode_special_tokens = True
    write(folder / "tokenizers.bin", encode())
    if encoding := tiktoken_of(tokenizer):
        write(folder / "tiktoken.bin", encoding.encode_ordinary_batch(documents))


main()
