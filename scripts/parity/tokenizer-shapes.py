"""What Hugging Face's tokenizers make of texts with tokenizer.json files of many shapes: other normalizers, pre-tokenizers and added
tokens around the vocabulary of test/fixtures/bpe-gpt2.json (scripts/parity/bpe.py).

Usage: python scripts/parity/tokenizer-shapes.py                         makes test/fixtures/tokenizer-shapes.json
       python scripts/parity/tokenizer-shapes.py SEED SHAPES TEXTS FILE  writes random shapes and texts, for tokenizer-shapes.ts
Needs: pip install tokenizers (made with 0.23.3)
"""

import copy
import json
import random
import sys
from pathlib import Path

from tokenizers import Tokenizer

LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN2 = LLAMA3.replace("{1,3}", "")
# Patterns of published tokenizers: Llama 4 and GPT-4o, Mistral NeMo, GPT-4 (possessive), DeepSeek V3, BLOOM, Kimi K2 (intersections).
O200K = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
TEKKEN = O200K.replace("(?i:'s|'t|'re|'ve|'m|'ll|'d)?", "").replace("{1,3}", "")
CL100K = (
    r"(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"
)
DEEPSEEK = (
    r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"
    r"| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
BLOOM = r" ?[^(\s|[.,!?…。，、।۔،])]+"
KIMI = O200K.replace(r"\p{M}]", r"\p{M}&&[^\p{Han}]]")
PATTERNS = [LLAMA3, QWEN2, O200K, TEKKEN, CL100K, DEEPSEEK, BLOOM, r"[\p{Han}]+|" + KIMI, r"\p{N}{1,3}", r"[一-龥぀-ゟ゠-ヿ]+"]
PATTERNS += [r"\w+|[^\w\s]+", r"(?=[A-Z])", r"(?<=\s)\S", r"\d{2,}", r"(?>\s+)x?", r"[^\S\n]+", r"a*", r"\x41|\u0062|\x{63}"]

PARTS = [
    " ", "  ", "\n", "\n\n", "\t", "\r\n", "The", " bird", "'s", "'LL", "don't", " 2024", "12", "1", "...", "!?", "é", "e\u0301",
    "A\u030a", "\u212b", "\ufb01", "漢", "の", "\uac00", "\u1100\u1161", "👩‍👩‍👧", "\u00a0", "\u3000", "\u0085", "\ufeff", "\u200b",
    "<|endoftext|>", "<think>", "<tool>", "<TOOL>", "<thin", "_", "x=1;", "ſ", "ß", "\x00", "\u0338", "ا", "ِ", "q\u0307\u0323", "the",
    "ÉCOLE", "İ", "ΣΑΣ", "²", "Ⅷ", "½", "a", "ab", "bc", "abc", "(a|b)", "۔", "C'est", "'ſ", "camelCase", "[PAD]", "\u200d", "é", "K",
]  # fmt: skip


def token(content, id, **flags):
    defaults = dict.fromkeys(["single_word", "lstrip", "rstrip", "normalized", "special"], False)
    return {"id": id, "content": content} | defaults | flags


def split(pattern, behavior="Isolated", invert=False):
    return {"type": "Split", "pattern": pattern, "behavior": behavior, "invert": invert}


def byte_level(use_regex=True, add_prefix_space=False):
    return {"type": "ByteLevel", "add_prefix_space": add_prefix_space, "trim_offsets": True, "use_regex": use_regex}


def sequence(*steps):
    return {"type": "Sequence", "pretokenizers": list(steps)}


def normalizers(*steps):
    return {"type": "Sequence", "normalizers": list(steps)}


def named_shapes():
    """Of each kind one or more: name, normalizer, pre-tokenizer, added tokens, changes of the model."""
    plain = byte_level()
    nfc = {"type": "NFC"}
    digits = {"type": "Digits", "individual_digits": True}
    yield "an ASCII token beside NFC", nfc, plain, [token("<tool>", None, normalized=True)], {}
    yield "normalized tokens beside NFC", nfc, plain, [token("e\u0301", None, normalized=True), token("A\u030a", None)], {}
    yield "Digits, like SmolLM2", None, sequence(digits, plain), [], {}
    yield "Digits and NFC, like Command R", nfc, sequence(digits, plain), [], {}
    yield "runs of digits", None, sequence({"type": "Digits", "individual_digits": False}, byte_level(False)), [], {}
    yield "a prefix space", None, byte_level(True, True), [token("<think>", None)], {}
    yield "a prefix space behind digits", None, sequence(digits, byte_level(True, True)), [], {}
    yield "a prefix space behind Llama 3's pattern", None, sequence(split({"Regex": LLAMA3}), byte_level(False, True)), [], {}
    for flag in ["lstrip", "rstrip", "single_word"]:
        yield flag, None, plain, [token("<think>", None, **{flag: True}), token("bc", None, **{flag: True})], {}
    both = {"lstrip": True, "rstrip": True}
    yield "lstrip and rstrip", None, plain, [token("<think>", None, **both), token(" ", None, normalized=True)], {}
    yield "two tokens that overlap", None, plain, [token("ab", None, normalized=True), token("bc", None)], {}
    yield "a token within another", None, plain, [token("<thin", None), token("<think>", None)], {}
    yield "a special token within an added one", None, plain, [token("<|endoftext|>x", None), token("[PAD]", None, special=True)], {}
    yield "an added token that merges make", None, plain, [token("the", None), token("a", None)], {}
    yield "the same with ignore_merges", None, plain, [token("the", None, single_word=True)], {"ignore_merges": True}
    yield "byte_fallback and unk_token without effect", None, plain, [], {"byte_fallback": True, "unk_token": "<|endoftext|>", "fuse_unk": True}
    yield "dropout 0", None, plain, [], {"dropout": 0.0}
    for name in ["NFD", "NFKC", "NFKD"]:
        yield name, {"type": name}, plain, [], {}
    yield "Lowercase", {"type": "Lowercase"}, plain, [token("<TOOL>", None, normalized=True), token("The", None)], {}
    replace = {"type": "Replace", "pattern": {"String": " "}, "content": "_"}
    steps = [{"type": "NFKC"}, replace, {"type": "Prepend", "prepend": "_"}]
    yield "several steps of normalization", normalizers(*steps), plain, [token("<tool>", None)], {}
    yield "Strip", {"type": "Strip", "strip_left": True, "strip_right": True}, plain, [token("<tool>", None)], {}
    for i, pattern in enumerate(PATTERNS):
        yield f"the pattern {i}", None, sequence(split({"Regex": pattern}), byte_level(False)), [], {}
    deepseek = [split({"Regex": PATTERNS[8]}), split({"Regex": PATTERNS[9]}), split({"Regex": DEEPSEEK})]
    yield "like DeepSeek V3", normalizers(), sequence(*deepseek, byte_level(False)), [], {}
    for behavior in ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"]:
        for invert in [False, True]:
            yield f"Split, {behavior}, inverted: {invert}", None, sequence(split({"Regex": r"\s"}, behavior, invert), plain), [], {}
        yield f"Punctuation, {behavior}", None, sequence({"type": "Punctuation", "behavior": behavior}, plain), [], {}
    yield "Split by a string", None, sequence(split({"String": "a"}), plain), [], {}
    yield "Whitespace", None, sequence({"type": "Whitespace"}, plain), [], {}
    yield "WhitespaceSplit", None, sequence({"type": "WhitespaceSplit"}, byte_level(False, True)), [], {}
    yield "CharDelimiterSplit", None, sequence({"type": "CharDelimiterSplit", "delimiter": "_"}, plain), [], {}


def random_shapes(rng, count):
    flag = lambda: rng.random() < 0.3
    behaviors = ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"]
    steps = [
        lambda: split({"Regex": rng.choice(PATTERNS)}, rng.choice(behaviors), flag()),
        lambda: split({"Regex": rng.choice(PATTERNS)}),
        lambda: split({"String": rng.choice([" ", "a", "the", "é"])}, rng.choice(behaviors), flag()),
        lambda: {"type": "Digits", "individual_digits": flag()},
        lambda: {"type": "Punctuation", "behavior": rng.choice(behaviors)},
        lambda: {"type": rng.choice(["Whitespace", "WhitespaceSplit"])},
        lambda: {"type": "CharDelimiterSplit", "delimiter": rng.choice("_ é")},
    ]
    norms = [
        lambda: {"type": rng.choice(["NFC", "NFD", "NFKC", "NFKD", "Lowercase"])},
        lambda: {"type": "Strip", "strip_left": flag(), "strip_right": flag()},
        lambda: {"type": "Prepend", "prepend": rng.choice([" ", "_", "ab"])},
        lambda: {"type": "Replace", "pattern": {"String": rng.choice([" ", "a", "\n"])}, "content": rng.choice(["", "_", "aa"])},
    ]
    contents = [part for part in PARTS if part.strip()]
    for i in range(count):
        normalizer = rng.choice([None, None, {"type": "NFC"}, normalizers(*[rng.choice(norms)() for _ in range(rng.randint(0, 3))])])
        cuts = [rng.choice(steps)() for _ in range(rng.choice([0, 0, 1, 1, 2, 3]))]
        pre_tokenizer = sequence(*cuts, byte_level(flag(), flag()))
        names = ["single_word", "lstrip", "rstrip", "normalized", "special"]
        added = []
        for content in dict.fromkeys(rng.choices(contents, k=rng.randint(0, 6))):
            added.append(token(content, None, **{name: flag() for name in names}))
        yield f"random {i}", normalizer, pre_tokenizer, added, {"ignore_merges": flag()}


def build(base, name, normalizer, pre_tokenizer, added, changes):
    shape = copy.deepcopy(base)
    vocab = shape["model"]["vocab"]
    next_id = len(vocab)
    for entry in added:  # as add_tokens gives ids
        if entry["id"] is None:
            known = vocab.get(entry["content"])
            entry["id"] = next_id if known is None else known
        next_id = max(next_id, entry["id"] + 1)
    taken = {entry["content"] for entry in added}
    shape["added_tokens"] = [entry for entry in shape["added_tokens"] if entry["content"] not in taken] + added
    shape["normalizer"], shape["pre_tokenizer"] = normalizer, pre_tokenizer
    shape["model"].update(changes)
    tokenizer = Tokenizer.from_str(json.dumps(shape))
    for entry in added:
        assert tokenizer.token_to_id(entry["content"]) == entry["id"], (name, entry)
    return shape, tokenizer


def fixture_of(base, shapes, texts):
    entries = []
    for name, normalizer, pre_tokenizer, added, changes in shapes:
        shape, tokenizer = build(base, name, normalizer, pre_tokenizer, added, changes)
        encode = lambda: [encoding.ids for encoding in tokenizer.encode_batch(texts, add_special_tokens=False)]
        special = encode()
        tokenizer.encode_special_tokens = True
        entry = {key: shape[key] for key in ["normalizer", "pre_tokenizer", "added_tokens"]}
        ordinary = encode()
        # Only where it differs, as it does where texts have special tokens.
        differing = {i: ids for i, ids in enumerate(ordinary) if ids != special[i]}
        entries.append({"name": name, **entry, "model": changes, "special": special, "ordinary": differing})
    return {"texts": texts, "shapes": entries}


def main():
    root = Path(__file__).parent.parent.parent
    base = json.loads((root / "test/fixtures/bpe-gpt2.json").read_text(encoding="utf-8"))["tokenizer"]
    seed, count, texts, path = (sys.argv[1:] + [1, 0, 14, root / "test/fixtures/tokenizer-shapes.json"][len(sys.argv) - 1 :])
    rng = random.Random(int(seed))
    documents = ["".join(rng.choices(PARTS, k=rng.randint(1, 24))) for _ in range(int(texts))]
    shapes = random_shapes(rng, int(count)) if int(count) > 0 else named_shapes()
    Path(path).write_text(json.dumps(fixture_of(base, shapes, documents), ensure_ascii=True) + "\n", encoding="utf-8")


main()
