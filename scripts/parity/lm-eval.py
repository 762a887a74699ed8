"""Runs lm-evaluation-harness on tiny local tasks against `arrowsmith serve`, by its model type local-completions.

    python -m venv /tmp/lm-eval && /tmp/lm-eval/bin/pip install 'lm-eval[api]' transformers
    npx arrowsmith serve --pipeline=tinystories
    HF_HUB_OFFLINE=1 /tmp/lm-eval/bin/python scripts/parity/lm-eval.py http://127.0.0.1:8000 artifacts/tinystories [task …]

The tasks are

* ends: beginnings of sentences, each with a likely end and one whose words are in disorder. The harness's log-probabilities have to be
  those of the server's own answers, and the likely end has to win.
* beginnings: bits per byte of beginnings of documents of the validation split, which one window holds, as the harness's
  loglikelihood_rolling has them of wikitext. They have to be those of the library (`model.logProbabilities`) and of `arrowsmith evaluate
  --text`, document by document.
* windows: the same of texts that fill several windows, which documents are joined to. They have to be those of `evaluate --text` with windows as long as the harness's.
* documents: the same of whole documents, beside the library, `evaluate --text` and the stage `evaluate`. These differ in what a token sees
  before it, which is said, and nothing is checked.

Exits with 1 where something differs.
"""

import json
import math
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pyarrow
from lm_eval import simple_evaluate
from lm_eval.tasks import TaskManager
from transformers import AutoTokenizer

ITEMS = [
    ("Once upon", " a time, there was a", " was there time a, a"),
    ("They went to", " the farm.", " farm the."),
    ('"I am looking for my', ' dad," said the boy.', ' said," boy dad the.'),
    ("She dried", " her tears.", " tears her."),
]

ENDS = """
task: ends
dataset_path: json
dataset_kwargs:
  data_files:
    test: {data}
output_type: multiple_choice
test_split: test
doc_to_text: "{{{{beginning}}}}"
doc_to_choice: "{{{{[likely, disordered]}}}}"
doc_to_target: 0
target_delimiter: ""
metric_list:
  - metric: acc
"""

ROLLING = """
task: {task}
dataset_path: json
dataset_kwargs:
  data_files:
    test: {data}
output_type: loglikelihood_rolling
test_split: test
doc_to_text: ""
doc_to_target: "{{{{text}}}}"
metric_list:
  - metric: word_perplexity
  - metric: byte_perplexity
  - metric: bits_per_byte
"""

DOCUMENTS = 8

# Bits per byte of a document. All of these compute in float32, but the server in passes of several texts, with keys and values that it keeps,
# and evaluate in batches of windows: sums have another order, which was 1.2e-8 where this was made. A last window that begins
# elsewhere was 1e-4 to 5e-4 of a document.
TOLERANCE = 1e-5


class Harness:
    """The harness with a server's first model, and tasks in a folder of their own."""

    def __init__(self, url: str, pipeline: Path, folder: Path) -> None:
        self.url, self.folder = url, folder
        with urllib.request.urlopen(f"{url}/v1/models") as response:
            self.model = json.load(response)["data"][0]["id"]
        self.weights = pipeline / self.model
        metadata = json.loads((self.weights / "manifest.json").read_text())["metadata"]
        self.context = json.loads(metadata["config"])["contextLength"]
        self.tokenizer = folder / "tokenizer"
        self.tokenizer.mkdir()
        shutil.copy(pipeline / "tokenizer" / "tokenizer.json", self.tokenizer)
        added = json.loads((self.tokenizer / "tokenizer.json").read_text())["added_tokens"]
        end = next(token["content"] for token in added if token["special"])
        config = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": end, "bos_token": end}
        (self.tokenizer / "tokenizer_config.json").write_text(json.dumps(config))
        cut = AutoTokenizer.from_pretrained(self.tokenizer)
        self.encode = lambda text: cut.encode(text, add_special_tokens=False)
        self.decode = lambda ids: cut.decode(ids, clean_up_tokenization_spaces=False)

    @property
    def window(self) -> int:
        """Tokens that it predicts in a window: it keeps a token for what it might generate, and sends one before them."""
        return self.context - 2

    def run(self, task: str, template: str, rows: list[dict], more: str = "batch_size=1") -> dict:
        data = self.folder / f"{task}.jsonl"
        data.write_text("".join(json.dumps(row) + "\n" for row in rows))
        (self.folder / f"{task}.yaml").write_text(template.format(task=task, data=data))
        arguments = {
            "model": self.model,
            "base_url": f"{self.url}/v1/completions",
            "tokenizer_backend": "huggingface",
            "tokenizer": str(self.tokenizer),
            "max_length": self.context,
        }
        return simple_evaluate(
            model="local-completions",
            model_args=",".join([*(f"{name}={value}" for name, value in arguments.items()), more]),
            tasks=[task],
            task_manager=TaskManager(include_path=str(self.folder)),
            log_samples=True,
            bootstrap_iters=0,
        )

    def nats(self, task: str, texts: list[str]) -> list[float]:
        """Of each text, as loglikelihood_rolling has them; the harness's own metrics have to say the same."""
        results = self.run(task, ROLLING, [{"text": text} for text in texts], "batch_size=4")
        samples = sorted(results["samples"][task], key=lambda sample: sample["doc_id"])
        nats = [-float(sample["filtered_resps"][0]) for sample in samples]
        told = results["results"][task]
        print(f"{task}: " + ", ".join(f"{name} {told[f'{name}_perplexity,none']:.4f} per {name}" for name in ("word", "byte")))
        same(told["bits_per_byte,none"], bits(sum(nats), texts), f"{task}, the harness's own sum")
        return nats

    def scored_by_server(self, ids: list[int], begin: int) -> float:
        """Sum of the log-probabilities of ids[begin:], by a prompt alone (max_tokens 0)."""
        body = {"prompt": ids, "max_tokens": 0, "echo": True, "logprobs": 1}
        request = urllib.request.Request(
            f"{self.url}/v1/completions", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request) as response:
            return sum(json.load(response)["choices"][0]["logprobs"]["token_logprobs"][begin:])


def bits(nats: float, texts: list[str]) -> float:
    """Per byte of UTF-8."""
    return nats / math.log(2) / sum(len(text.encode()) for text in texts)


def same(found: float, expected: float, what: str) -> None:
    if abs(found - expected) <= TOLERANCE:
        return
    sys.exit(f"{what}: {found:.6f} bits per byte, expected {expected:.6f} (within {TOLERANCE})")


def check_ends(harness: Harness) -> None:
    rows = [dict(zip(("beginning", "likely", "disordered"), item)) for item in ITEMS]
    for more in ("batch_size=1", "batch_size=4", "batch_size=1,num_concurrent=4"):
        results = harness.run("ends", ENDS, rows, more)
        worst = 0.0
        for sample in results["samples"]["ends"]:
            for (_, continuation), response in zip(sample["arguments"], sample["filtered_resps"]):
                beginning = sample["doc"]["beginning"]
                ids, begin = harness.encode(beginning + continuation), len(harness.encode(beginning))
                worst = max(worst, abs(harness.scored_by_server(ids, begin) - float(response[0])))
        accuracy = results["results"]["ends"]["acc,none"]
        print(f"ends, {more}: accuracy {accuracy}; largest difference to the server's own answers {worst:.2g} nats")
        if worst > 1e-3 or accuracy != 1.0:
            sys.exit("ends: the server's own answers are others, or a disordered end is likelier")


def check_beginnings(harness: Harness, pipeline: Path) -> None:
    texts = [beginning(text, harness) for text in documents(pipeline)[:DOCUMENTS]]
    found = harness.nats("beginnings", texts)
    others = {"library": nats_of_library(harness, texts), "evaluate --text": nats_of_evaluate(harness, texts)}
    report("beginnings", texts, found, others)


def check_windows(harness: Harness, pipeline: Path) -> None:
    texts = [text for text in (whole_windows(each, harness) for each in long_texts(documents(pipeline), harness)) if text][:DOCUMENTS]
    if len(texts) < DOCUMENTS:
        sys.exit(f"windows: only {len(texts)} texts of the split begin with whole windows")
    found = harness.nats("windows", texts)
    report("windows", texts, found, {f"evaluate --text, {harness.window} tokens each": nats_of_evaluate(harness, texts)})


def show_documents(harness: Harness, pipeline: Path) -> None:
    texts = documents(pipeline)[:DOCUMENTS]
    losses = table(pipeline / "evaluate" / "documents.arrow").to_pylist()
    staged = [row["nats"] for row in losses if row["model"] == harness.model and row["document"] < len(texts)]
    for name, nats, why in (
        ("lm-evaluation-harness", harness.nats("documents", texts), "the last window is full, and begins within the one before"),
        ("evaluate --text", nats_of_evaluate(harness, texts), "the last window begins where the one before ends"),
        ("library", nats_of_library(harness, texts), "windows overlap: tokens see half a context, or all before them"),
        ("stage evaluate", staged, "rows are packed: another document is before each; its end counts, too"),
    ):
        print(f"  {name:<24} {bits(sum(nats), texts):.6f}   {why}")


def report(task: str, texts: list[str], found: list[float], others: dict[str, list[float]]) -> None:
    print(f"  {f'{task}: bits per byte by':<40} all of {len(texts)}   largest difference of one")
    print(f"  {'lm-evaluation-harness':<40} {bits(sum(found), texts):.6f}")
    for name, nats in others.items():
        pairs = [(bits(a, [text]), bits(b, [text])) for a, b, text in zip(found, nats, texts, strict=True)]
        print(f"  {name:<40} {bits(sum(nats), texts):.6f}   {max(abs(a - b) for a, b in pairs):.1e}")
        for place, (a, b) in enumerate(pairs):
            same(a, b, f"{task}, document {place}, the harness against {name}")


def beginning(text: str, harness: Harness) -> str:
    """As many words as one window holds."""
    words = text.split(" ")
    while len(harness.encode(" ".join(words))) > harness.window:
        words.pop()
    return " ".join(words)


def long_texts(texts: list[str], harness: Harness) -> Iterator[str]:
    """Documents that follow each other, joined until they fill more than two windows."""
    joined: list[str] = []
    for text in texts:
        joined.append(text)
        long = "\n\n".join(joined)
        if len(harness.encode(long)) >= 2 * harness.window:
            yield long
            joined = []


def whole_windows(text: str, harness: Harness) -> str | None:
    """As many tokens as several windows hold, where these are the tokens of their text: the last window has as much context in all programs."""
    ids = harness.encode(text)
    for windows in range(len(ids) // harness.window, 1, -1):
        cut = ids[: windows * harness.window]
        found = harness.decode(cut)
        if harness.encode(found) == cut:
            return found
    return None


def documents(pipeline: Path) -> list[str]:
    return table(pipeline / "download" / "validation.arrow")["text"].to_pylist()


def table(file: Path) -> pyarrow.Table:
    return pyarrow.ipc.open_file(file).read_all()


def nats_of_library(harness: Harness, texts: list[str]) -> list[float]:
    command = ["node", "--import", "tsx", "scripts/parity/lm-eval.ts", str(harness.weights)]
    return json.loads(subprocess.run(command, input=json.dumps(texts), stdout=subprocess.PIPE, text=True, check=True).stdout)


def nats_of_evaluate(harness: Harness, texts: list[str]) -> list[float]:
    return [evaluated(harness, text) for text in texts]


def evaluated(harness: Harness, text: str) -> float:
    file = harness.folder / "document.txt"
    file.write_text(text)
    flags = [f"--text={file}", f"--context={harness.window}", "--json"]
    command = ["npx", "arrowsmith", "evaluate", str(harness.weights), *flags]
    result = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)
    return result["loss"] * result["tokens"]


def main(url: str, pipeline: str, *tasks: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        harness = Harness(url, Path(pipeline), Path(folder))
        checks = {
            "ends": lambda: check_ends(harness),
            "beginnings": lambda: check_beginnings(harness, Path(pipeline)),
            "windows": lambda: check_windows(harness, Path(pipeline)),
            "documents": lambda: show_documents(harness, Path(pipeline)),
        }
        for task in tasks or checks:
            checks[task]()


main(*sys.argv[1:])
