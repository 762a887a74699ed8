"""Adapters by PEFT, for lora.ts.

    python lora.py load BASE ADAPTER IDS.json     logits of the base, and of it with the adapter, as JSON
    python lora.py make BASE ADAPTER IDS.json RANK ALPHA TARGETS    makes an adapter of random values first, by PEFT, and saves it
"""

import json
import sys
import warnings

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM
from transformers.utils import logging

warnings.filterwarnings("ignore")
logging.set_verbosity_error()

command, base_path, adapter_path, ids_path, *options = sys.argv[1:]
with open(ids_path) as file:
    ids = torch.tensor([json.load(file)])


def load():
    return AutoModelForCausalLM.from_pretrained(base_path, dtype=torch.float32, attn_implementation="eager").eval()


def logits(model):
    with torch.no_grad():
        return model(input_ids=ids).logits[0].flatten().tolist()


if command == "make":
    rank, alpha, targets = options
    config = LoraConfig(
        r=int(rank), lora_alpha=float(alpha), target_modules=targets.split(","), task_type="CAUSAL_LM", lora_dropout=0.0
    )
    made = get_peft_model(load(), config)
    torch.manual_seed(7)
    with torch.no_grad():
        for name, parameter in made.named_parameters():
            if "lora_" in name:
                parameter.copy_(torch.randn(parameter.shape) / 4)
    made.save_pretrained(adapter_path)

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    adapted = PeftModel.from_pretrained(load(), adapter_path).eval()
    missing = [str(each.message)[:300] for each in caught if "missing" in str(each.message)]
json.dump(
    {
        "base": logits(load()),
        "adapted": logits(adapted),
        "modules": sorted(name for name, _ in adapted.named_parameters() if "lora_" in name),
        "missing": missing,
    },
    sys.stdout,
)
