"""Makes test/fixtures/bpe-*.json: a small multilingual corpus, and what Hugging Face tokenizers learn from it and make of texts.

Usage: python scripts/parity/bpe.py [output directory, default test/fixtures]
Needs: pip install tokenizers (made with 0.23.3)
"""

import json
import random
import sys
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

LLAMA3_REGEX = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
REGEXES = {"llama3": LLAMA3_REGEX, "qwen2": LLAMA3_REGEX.replace("{1,3}", "")}
SPECIAL_TOKENS = ["<|endoftext|>", "<|pad|>"]

# Slots are filled from the lists below by a seeded generator.
SENTENCES = [
    "The {adjective} {noun} went to the {place}, and it wasn't {adjective} at all.",
    "\"I'll find the {noun}!\" said {name}. \"We've been here before, haven't we?\"",
    "{name} couldn't see {number} {noun}s in the {place}; they're too {adjective}.",
    "{name} a trouvé {number} forêts près de l'été déjà passé, où le garçon rêvait.",
    "Der größte {name} läuft über die Straße und hört {number} schöne Vögel.",
    "Старый дом стоял у реки, и {name} видела {number} огней.",
    "春眠不觉晓,处处闻啼鸟。{name}看见了{number}只鸟。",
    "むかしむかし、{name}は山へ行きました。{number}匹の猫がいました。",
    "राम और {name} ने {number} फल खाए।",
    "ذهب {name} إلى البيت ومعه {number} كتب.",
    "for (let i = 0; i < {number}; i++) {{\n\tconsole.log(items[i]);\n}}\n",
    "{noun}_count += {number}  # {adjective}    {noun}",
    "So {adjective} 😀😀 👩‍👩‍👧‍👦 🇫🇷 👍🏽 {name}!!! ... ---- {number}%",
    "  indented   {noun}\t\t{number}\r\n\r\n\n   {adjective}  ",
]
SLOTS = {
    "adjective": ["small", "red", "happy", "old", "happiest", "unhappy", "smaller"],
    "noun": ["bird", "house", "friend", "river", "story", "bottle"],
    "place": ["park", "forest", "river", "garden", "gardens"],
    "name": ["Lily", "Tom", "Zoë", "Anna", "Bob"],
    "number": ["1", "12", "2024", "3.14", "1000000", "٣"],
}

TEXTS = [
    "",
    " ",
    "Hello world",
    "The unhappiest bird wasn't in the gardens.",
    "it's IT'S we'LL they're don't I'M you'd 'tis rock'n'roll ''s 'ſ",
    "naïve façade Ünïcödé e\u0301 n\u0303",
    "漢字かな交じり文。中文字符",
    "👩‍👩‍👧‍👦 🇫🇷 👍🏽 ❤️",
    "a  b   c\t\td\n\n\ne \r\n f  ",
    "\n\n  \n\t x",
    "12345 3.14159 1,000,000 ٣٤٥ Ⅷ ½",
    "x=y+z; for(i=0;i<10;i++){}\n\treturn",
    "\u00a0no-break\u3000ideographic\u2028line\u0085next\ufeffmark\u200bzero",
    "<|endoftext|>",
    "a<|endoftext|><|pad|> <|endoftext",
    "क्षत्रिय สวัสดี العربية עברית",
    "\x00\x01\x7f\ufffd\U0010ffff",
    "ababababab aaaaaaaaaaaaaaaaa",
]


def corpus():
    rng = random.Random(1)
    documents = []
    for _ in range(60):
        lines = []
        for sentence in rng.sample(SENTENCES, 5):
            lines.append(sentence.format(**{slot: rng.choice(words) for slot, words in SLOTS.items()}))
        documents.append("\n".join(lines))
    return documents


def train(documents, pattern, vocabulary_size, minimum_frequency):
    tokenizer = Tokenizer(models.BPE())
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=pattern == "gpt2")
    if pattern in REGEXES:
        split = pre_tokenizers.Split(Regex(REGEXES[pattern]), "isolated")
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, byte_level])
    else:
        tokenizer.pre_tokenizer = byte_level
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary_size,
        min_frequency=minimum_frequency,
        special_tokens=SPECIAL_TOKENS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(documents, trainer)
    assert tokenizer.get_vocab_size() == vocabulary_size
    return tokenizer


def write(path, value):
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def main():
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "test/fixtures")
    documents = corpus()
    texts = TEXTS + documents[:6]
    write(folder / "bpe-corpus.json", {"documents": documents, "texts": texts})
    settings = [("gpt2", 700, 2), ("llama3", 620, 3), ("qwen2", 560, 6), ("none", 600, 2)]
    for pattern, vocabulary_size, minimum_frequency in settings:
        tokenizer = train(documents, pattern, vocabulary_size, minimum_frequency)
        fixture = {
            "vocabularySize": vocabulary_size,
            "minimumFrequency": minimum_frequency,
            "pattern": pattern,
            "specialTokens": SPECIAL_TOKENS,
            "tokenizer": json.loads(tokenizer.to_str()),
            "ids": [tokenizer.encode(text).ids for text in texts],
        }
        write(folder / f"bpe-{pattern}.json", fixture)


main()
