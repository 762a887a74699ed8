"""Runs lm-evaluation-harness on a tiny task against `arrowsmith serve`, by its model type local-completions.

    python -m venv /tmp/lm-eval && /tmp/lm-eval/bin/pip install 'lm-eval[api]' transformers
    npx arrowsmith serve --pipeline=tinystories
    HF_HUB_OFFLINE=1 /tmp/lm-eval/bin/python scripts/parity/lm-eval.py http://127.0.0.1:8000 artifacts/tinystories/tokenizer

The task is local: beginnings of sentences, each with a likely end and one whose words are in disorder. It fails where the harness's
log-probabilities are not those of the server's own answers, or the likely end does not win.
"""

import json
import shutil
import sys
import tempfile
import urllib.request
from pathlib import Path

from lm_eval import simple_evaluate
from lm_eval.tasks import TaskManager
from transformers import AutoTokenizer

ITEMS = [
    ("Once upon", " a time, there was a", " was there time a, a"),
    ("They went to", " the farm.", " farm the."),
    ('"I am looking for my', ' dad," said the boy.', ' said," boy dad the.'),
    ("She dried", " her tears.", " tears her."),
]

TASK = """
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


def scored_by_server(url: str, ids: list[int], begin: int) -> float:
    """Sum of the log-probabilities of ids[begin:], by a prompt alone (max_tokens 0)."""
    body = {"prompt": ids, "max_tokens": 0, "echo": True, "logprobs": 1}
    request = urllib.request.Request(
        f"{url}/v1/completions", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as response:
        return sum(json.load(response)["choices"][0]["logprobs"]["token_logprobs"][begin:])


def main(url: str, tokenizer_folder: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        tokenizer = Path(folder) / "tokenizer"
        tokenizer.mkdir()
        shutil.copy(Path(tokenizer_folder) / "tokenizer.json", tokenizer)
        added = json.loads((tokenizer / "tokenizer.json").read_text())["added_tokens"]
        end = next(token["content"] for token in added if token["special"])
        config = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": end, "bos_token": end}
        (tokenizer / "tokenizer_config.json").write_text(json.dumps(config))
        data = Path(folder) / "ends.jsonl"
        rows = [dict(zip(("beginning", "likely", "disordered"), item)) for item in ITEMS]
        data.write_text("".join(json.dumps(row) + "\n" for row in rows))
        (Path(folder) / "ends.yaml").write_text(TASK.format(data=data))

        with urllib.request.urlopen(f"{url}/v1/models") as response:
            model = json.load(response)["data"][0]["id"]
        arguments = f"model={model},base_url={url}/v1/completions,tokenizer_backend=huggingface,tokenizer={tokenizer}"
        for more in ("batch_size=1", "batch_size=4", "batch_size=1,num_concurrent=4"):
            results = simple_evaluate(
                model="local-completions",
                model_args=f"{arguments},{more}",
                tasks=["ends"],
                task_manager=TaskManager(include_path=folder),
                log_samples=True,
                bootstrap_iters=0,
            )
            check(results, url, tokenizer)
            print(f"{more}: accuracy {results['results']['ends']['acc,none']}")


def check(results: dict, url: str, tokenizer: Path) -> None:
    encode = AutoTokenizer.from_pretrained(tokenizer).encode
    worst = 0.0
    for sample in results["samples"]["ends"]:
        for (_, continuation), response in zip(sample["arguments"], sample["filtered_resps"]):
            beginning = sample["doc"]["beginning"]
            ids = encode(beginning + continuation, add_special_tokens=False)
            begin = len(encode(beginning, add_special_tokens=False))
            worst = max(worst, abs(scored_by_server(url, ids, begin) - float(response[0])))
    print(f"largest difference to the server's own answers: {worst:.2g}")
    assert worst < 1e-3, worst
    assert results["results"]["ends"]["acc,none"] == 1.0, results["results"]["ends"]


main(*sys.argv[1:])
