"""Writes test/fixtures/beam-search.json: the beams that Hugging Face transformers finds in a model that is a formula.

Usage: python scripts/parity/beam-search.py    (needs torch and transformers)
"""

import itertools
import json
import os
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
from transformers import GenerationConfig, GenerationMixin, PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutput

PATH = Path("test/fixtures/beam-search.json")
VOCABULARY = 7
PROMPT = [1, 2]
END = 0


def logit(sequence: list[int], token: int) -> float:
    """Of the token behind a sequence; a multiple of 1/256, so that every program computes the same."""
    last, before = sequence[-1], sequence[-2]
    mixed = (last * 389 + before * 157 + token * 613 + len(sequence) * 71 + (last * token + before) * 211) * 97
    return mixed % 1024 / 256


class Formula(PreTrainedModel, GenerationMixin):
    config_class = PretrainedConfig

    def __init__(self):
        super().__init__(PretrainedConfig(vocab_size=VOCABULARY, is_encoder_decoder=False))
        self.anchor = torch.nn.Parameter(torch.zeros(1))

    def prepare_inputs_for_generation(self, input_ids, **_):
        return {"input_ids": input_ids}

    def forward(self, input_ids, **_):
        rows = [[[logit(row, token) for token in range(VOCABULARY)]] for row in input_ids.tolist()]
        return CausalLMOutput(logits=torch.tensor(rows))


model = Formula().eval()
cases = []
for beams, maximum, penalty, early in itertools.product((2, 3, 4), (1, 4, 9), (-1.0, 0.0, 1.0, 2.5), (True, False, "never")):
    config = GenerationConfig(
        num_beams=beams,
        num_return_sequences=beams,
        max_new_tokens=maximum,
        length_penalty=penalty,
        early_stopping=early,
        eos_token_id=END,
        pad_token_id=END,
        do_sample=False,
        use_cache=False,
        output_scores=True,
        return_dict_in_generate=True,
    )
    found = model.generate(torch.tensor([PROMPT]), generation_config=config)
    sequences = []
    for row in found.sequences.tolist():
        tokens = row[len(PROMPT) :]
        sequences.append(tokens[: tokens.index(END)] if END in tokens else tokens)
    cases.append(
        {
            "beams": beams,
            "maximumTokens": maximum,
            "lengthPenalty": penalty,
            "earlyStopping": early,
            "sequences": sequences,
            "scores": [round(score, 5) for score in found.sequences_scores.tolist()],
        }
    )
PATH.write_text(json.dumps({"vocabulary": VOCABULARY, "prompt": PROMPT, "end": END, "cases": cases}) + "\n")
print(len(cases), "cases")
