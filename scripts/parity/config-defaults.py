"""Writes test/fixtures/config-defaults.json: what Hugging Face transformers makes of a config.json that says little, or says null.

Usage, from the repository root, once in an environment with transformers 4 and once in one with transformers 5:
    python scripts/parity/config-defaults.py             writes this version's part
    python scripts/parity/config-defaults.py --check     makes it again and compares
Needs: pip install torch "transformers==4.57.*", and in another environment "transformers>=5,<6"

For every configuration class that the import reads, by major version:
    fields   each field's default, and what null stands for: the attribute of a configuration that was given null, or {"refused": …} where the
             class or a model of it fails with null
    cases    some files (input), and the configuration that is made of each (output): what is derived of other fields shows there
"""

import argparse
import inspect
import json
from pathlib import Path

import torch
import transformers
from transformers import PretrainedConfig

PATH = Path("test/fixtures/config-defaults.json")
VERSION = transformers.__version__.split(".")[0]

# Configuration classes by the architecture that a config.json names; text models of several modalities by the text model's.
CLASSES = {
    "LlamaForCausalLM": "LlamaConfig",
    "MistralForCausalLM": "MistralConfig",
    "Qwen2ForCausalLM": "Qwen2Config",
    "Qwen3ForCausalLM": "Qwen3Config",
    "Qwen3MoeForCausalLM": "Qwen3MoeConfig",
    "SmolLM3ForCausalLM": "SmolLM3Config",
    "Phi3ForCausalLM": "Phi3Config",
    "Cohere2ForCausalLM": "Cohere2Config",
    "Gemma2ForCausalLM": "Gemma2Config",
    "Gemma3ForCausalLM": "Gemma3TextConfig",
    "Gemma3nForCausalLM": "Gemma3nTextConfig",
    "Llama4ForCausalLM": "Llama4TextConfig",
}

# Fields that models read, though their configuration class does not name them.
UNNAMED = ["head_dim", "sliding_window_pattern", "tie_word_embeddings"]

TINY = dict(
    vocab_size=16, hidden_size=16, intermediate_size=16, num_hidden_layers=6, num_attention_heads=2, num_key_value_heads=1, head_dim=8,
    max_position_embeddings=64, pad_token_id=0, bos_token_id=1, eos_token_id=2,
)
TINY_OF = {
    "Llama4ForCausalLM": dict(intermediate_size_mlp=16, num_local_experts=2, attention_chunk_size=8),
    "Qwen3MoeForCausalLM": dict(moe_intermediate_size=8, num_experts=4, num_experts_per_tok=2),
    "Gemma3nForCausalLM": dict(
        num_kv_shared_layers=1, hidden_size_per_layer_input=4, vocab_size_per_layer_input=16, laurel_rank=4, altup_num_inputs=2
    ),
}

# Files of which something is derived.
SIZES = dict(hidden_size=64, num_attention_heads=4, num_hidden_layers=7)
WINDOWED = dict(use_sliding_window=True, sliding_window=16)
CASES = {
    "LlamaForCausalLM": [{}, SIZES, SIZES | dict(num_key_value_heads=None, head_dim=None), SIZES | dict(rope_theta=500.0)],
    "MistralForCausalLM": [{}, SIZES | dict(num_key_value_heads=2), SIZES | dict(num_key_value_heads=2, sliding_window=None)],
    "Qwen2ForCausalLM": [{}, SIZES | dict(num_key_value_heads=2, max_window_layers=3) | WINDOWED],
    "Qwen3ForCausalLM": [{}, SIZES | dict(num_key_value_heads=2, max_window_layers=3) | WINDOWED],
    "Qwen3MoeForCausalLM": [{}, SIZES | WINDOWED | dict(mlp_only_layers=[1], decoder_sparse_step=2)],
    "SmolLM3ForCausalLM": [
        {},
        SIZES | dict(no_rope_layer_interval=3),
        SIZES | WINDOWED | dict(no_rope_layers=[1, 1, 0, 1, 0, 1, 1]),
    ],
    "Phi3ForCausalLM": [{}, SIZES, SIZES | dict(sliding_window=12)],
    "Cohere2ForCausalLM": [{}, SIZES, SIZES | dict(head_dim=8), SIZES | dict(sliding_window_pattern=3)],
    "Gemma2ForCausalLM": [
        {},
        SIZES,
        SIZES | dict(final_logit_softcapping=None),
        SIZES | dict(final_logit_softcapping=None, attn_logit_softcapping=None),
    ],
    "Gemma3ForCausalLM": [
        {},
        SIZES,
        SIZES | dict(sliding_window_pattern=3),
        SIZES | dict(rope_theta=500.0, rope_local_base_freq=50.0, rope_scaling=dict(rope_type="linear", factor=8.0)),
    ],
    "Gemma3nForCausalLM": [{}, SIZES | dict(num_kv_shared_layers=2), dict(num_hidden_layers=12, num_kv_shared_layers=2)],
    "Llama4ForCausalLM": [
        {},
        SIZES | dict(num_key_value_heads=2, interleave_moe_layer_step=2, no_rope_layer_interval=3),
        SIZES | dict(num_key_value_heads=2, moe_layers=[0, 5], no_rope_layers=[1, 0, 1, 1, 1, 0, 1]),
    ],
}


def signature(config_class: type) -> dict[str, object]:
    """The fields that a class names itself, and their defaults."""
    own = [c for c in config_class.__mro__ if issubclass(c, PretrainedConfig) and c is not PretrainedConfig]
    inherited = set(inspect.signature(PretrainedConfig.__init__).parameters)
    parameters = inspect.signature(config_class.__init__).parameters
    named = {name: p.default for name, p in parameters.items() if p.default is not inspect.Parameter.empty}
    declared = {name for c in own for name in getattr(c, "__annotations__", {})} | {n for n in named if n not in inherited}
    found = {name: value for name, value in named.items() if name in declared}
    if "rope_parameters" in found:  # transformers 5 has the bases in there
        theta = config_class.default_theta
        both = dict(rope_theta=theta["global"], rope_local_base_freq=theta["local"]) if isinstance(theta, dict) else dict(rope_theta=theta)
        found |= both | dict(rope_scaling=None)
    return found


def plain(value: object) -> object:
    """As JSON has it."""
    return json.loads(json.dumps(value, default=str))


def meaning_of_null(architecture: str, name: str) -> object:
    config_class, model_class = getattr(transformers, CLASSES[architecture]), getattr(transformers, architecture)
    try:
        config = config_class(**(TINY | TINY_OF.get(architecture, {}) | {name: None}))
        config._attn_implementation = "eager"
        model = model_class(config).eval()
        logits = model(torch.arange(24).reshape(1, 24) % 8).logits
        assert torch.isfinite(logits).all(), "the logits are not finite"
        value = getattr(config, name, None)
        return plain(list(value.values()) if isinstance(value, dict) and not value else value)
    except Exception as error:  # whatever it fails with
        return {"refused": f"{type(error).__name__}"}


def describe(architecture: str) -> dict[str, object]:
    config_class = getattr(transformers, CLASSES[architecture])
    fields = signature(config_class)
    for name in UNNAMED:
        if name == "tie_word_embeddings":
            fields.setdefault(name, config_class().tie_word_embeddings)
        else:
            fields.setdefault(name, None)
    described = {
        name: {"default": plain(default), "null": meaning_of_null(architecture, name)} for name, default in sorted(fields.items())
    }
    cases = []
    for given in CASES[architecture]:
        made = config_class(**json.loads(json.dumps(given)))
        kept = sorted((set(fields) | {"rope_parameters"}) - {"sliding_window_pattern"})
        if VERSION == "5":
            kept = [name for name in kept if name not in ("rope_theta", "rope_local_base_freq", "rope_scaling")]
        cases.append({"input": given, "output": plain({name: getattr(made, name) for name in kept if hasattr(made, name)})})
    return {"fields": described, "cases": cases}


def text_of(found: dict) -> str:
    """JSON with a field or a case to a line."""
    lines = ["{", f'  "versions": {json.dumps(found["versions"], sort_keys=True)},', '  "architectures": {']
    parts = []
    for architecture, versions in found["architectures"].items():
        inner = []
        for version, described in sorted(versions.items()):
            fields = ",\n".join(f"          {json.dumps(name)}: {json.dumps(field)}" for name, field in described["fields"].items())
            cases = ",\n".join(f"          {json.dumps(case)}" for case in described["cases"])
            inner.append(f'      "{version}": {{\n        "fields": {{\n{fields}\n        }},\n        "cases": [\n{cases}\n        ]\n      }}')
        parts.append(f'    "{architecture}": {{\n' + ",\n".join(inner) + "\n    }")
    return "\n".join(lines) + "\n" + ",\n".join(parts) + "\n  }\n}\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with what is there instead of writing")
    options = parser.parse_args()
    transformers.logging.set_verbosity_error()
    torch.manual_seed(1)
    before = json.loads(PATH.read_text()) if PATH.exists() else {"versions": {}, "architectures": {}}
    after = json.loads(json.dumps(before))
    after["versions"][VERSION] = transformers.__version__
    for architecture in CLASSES:
        after["architectures"].setdefault(architecture, {})[VERSION] = describe(architecture)
    if options.check and text_of(before) != text_of(after):
        raise SystemExit(f"{PATH} is not what transformers {transformers.__version__} says")
    if not options.check:
        PATH.write_text(text_of(after))
        print(f"{PATH}: {len(CLASSES)} classes of transformers {transformers.__version__}")


if __name__ == "__main__":
    main()
