"""Makes test/fixtures/families/<name>/: tiny randomly initialised models of every family, by Hugging Face transformers, and what they compute.

Usage, from the repository root:
    python scripts/parity/families.py [name ...]             writes the folders
    python scripts/parity/families.py --check [name ...]     makes them again elsewhere and compares every byte
Needs: pip install torch transformers safetensors (versions: in the metadata of each expected.safetensors)

A folder is what `save_pretrained` writes (config.json, generation_config.json, model.safetensors or its shards) and expected.safetensors:
    input_ids [b, s], labels [b, s]    labels[b, i] is the token that position i predicts (already shifted), -1 where none counts
    logits [b, s, V]
    cross_entropy, loss                mean over the labels that count; loss adds router_aux_loss_coef * aux_loss where there is one
    aux_loss                           mixture of experts with a load-balancing loss in the reference
    router.<layer>.logits [b*s, E]     before any softmax or sigmoid
    router.<layer>.experts [b*s, k]    the chosen experts, the best first
    router.<layer>.weights [b*s, k]    what the reference multiplies with
    grad.<parameter>                   the cross entropy's gradient, under the names and shapes of model.safetensors

The weights are float32 numbers; what follows from them is computed in float64 and stored as float32, so that all rounding that a test sees is
its own. The metadata tell how far the reference's own float32 is from that.
"""

import argparse
import contextlib
import filecmp
import json
import shutil
import tempfile
from pathlib import Path

import torch
import transformers
from safetensors import safe_open
from safetensors.torch import save_file
from torch.nn.functional import cross_entropy
from transformers import (
    Cohere2Config,
    Cohere2ForCausalLM,
    Gemma2Config,
    Gemma2ForCausalLM,
    Gemma3ForCausalLM,
    Gemma3nForCausalLM,
    Gemma3nTextConfig,
    Gemma3TextConfig,
    Llama4ForCausalLM,
    Llama4TextConfig,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    Phi3Config,
    Phi3ForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
    Qwen3MoeConfig,
    Qwen3MoeForCausalLM,
    SmolLM3Config,
    SmolLM3ForCausalLM,
)

FIXTURES = Path("test/fixtures/families")

BATCH, LENGTH, VOCABULARY = 2, 40, 64

# No token is padding: torch would not train that token's embedding.
COMMON = dict(
    vocab_size=VOCABULARY, max_position_embeddings=256, pad_token_id=None, bos_token_id=1, eos_token_id=2, attn_implementation="eager"
)
LLAMA = COMMON | dict(
    hidden_size=32, num_hidden_layers=4, num_attention_heads=4, num_key_value_heads=2, head_dim=8, intermediate_size=40, rms_norm_eps=1e-5
)
QWEN = COMMON | dict(num_attention_heads=4, num_key_value_heads=2, head_dim=8, rms_norm_eps=1e-6)
# Wavelengths of 6.3, 11, 20 and 35 positions: the first stays, two are blended, the last is stretched.
LLAMA3_SCALING = dict(
    rope_type="llama3", rope_theta=10.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=32
)
QWEN_MOE = QWEN | dict(hidden_size=16, num_hidden_layers=4, num_experts=8, num_experts_per_tok=2, moe_intermediate_size=12, intermediate_size=24, experts_implementation="eager")

# Each has a sequence longer than its window or chunk, and scales, caps and bases with which everything shows at this length.
FAMILIES = {
    "llama3": (LlamaForCausalLM, LlamaConfig, LLAMA | dict(rope_parameters=LLAMA3_SCALING, tie_word_embeddings=False)),
    "llama3-tied": (LlamaForCausalLM, LlamaConfig, LLAMA | dict(rope_parameters=LLAMA3_SCALING, tie_word_embeddings=True)),
    "llama3-biases": (
        LlamaForCausalLM,
        LlamaConfig,
        LLAMA | dict(rope_parameters=dict(rope_type="default", rope_theta=100.0), attention_bias=True, mlp_bias=True),
    ),
    "llama3-linear": (LlamaForCausalLM, LlamaConfig, LLAMA | dict(rope_parameters=dict(rope_type="linear", rope_theta=100.0, factor=4.0))),
    # The ramp over the four frequencies is 0, 1/2, 1, 1.
    "llama3-yarn": (
        LlamaForCausalLM,
        LlamaConfig,
        LLAMA
        | dict(
            max_position_embeddings=96,
            rope_parameters=dict(
                rope_type="yarn", rope_theta=500.0, factor=4.0, beta_fast=2.0, beta_slow=0.25, original_max_position_embeddings=24
            )
        ),
    ),
    "llama3-bfloat16": (
        LlamaForCausalLM,
        LlamaConfig,
        LLAMA | dict(num_hidden_layers=2, rope_parameters=LLAMA3_SCALING, dtype=torch.bfloat16),
    ),
    # Mixtures in layers 1 and 3, of which 1 is chunked with RoPE and 3 full without.
    "llama4": (
        Llama4ForCausalLM,
        Llama4TextConfig,
        COMMON
        | dict(
            hidden_size=16,
            num_hidden_layers=5,
            num_attention_heads=4,
            num_key_value_heads=2,
            head_dim=8,
            intermediate_size=20,
            intermediate_size_mlp=32,
            rms_norm_eps=1e-5,
            num_local_experts=4,
            num_experts_per_tok=1,
            interleave_moe_layer_step=2,
            no_rope_layer_interval=4,
            attention_chunk_size=12,
            use_qk_norm=True,
            attn_temperature_tuning=True,
            floor_scale=8,
            attn_scale=0.5,
            rope_parameters=dict(rope_type="default", rope_theta=500.0),
        ),
    ),
    "mistral": (
        MistralForCausalLM,
        MistralConfig,
        LLAMA | dict(sliding_window=9, rope_parameters=dict(rope_type="default", rope_theta=200.0)),
    ),
    # The last two of four layers slide.
    "qwen2": (
        Qwen2ForCausalLM,
        Qwen2Config,
        LLAMA
        | dict(
            use_sliding_window=True,
            sliding_window=9,
            max_window_layers=2,
            tie_word_embeddings=True,
            rope_parameters=dict(rope_type="default", rope_theta=1000.0),
        ),
    ),
    # Every third layer is without positions, and slides.
    "smollm3": (
        SmolLM3ForCausalLM,
        SmolLM3Config,
        LLAMA
        | dict(
            num_hidden_layers=6,
            no_rope_layer_interval=3,
            use_sliding_window=True,
            sliding_window=9,
            rope_parameters=dict(rope_type="default", rope_theta=200.0),
        ),
    ),
    # Queries, keys and values are one matrix, gate and up another.
    "phi3": (
        Phi3ForCausalLM,
        Phi3Config,
        LLAMA | dict(sliding_window=9, rope_parameters=dict(rope_type="default", rope_theta=200.0)),
    ),
    "qwen3": (
        Qwen3ForCausalLM,
        Qwen3Config,
        QWEN
        | dict(hidden_size=32, num_hidden_layers=4, intermediate_size=40, rope_parameters=dict(rope_type="default", rope_theta=1000.0)),
    ),
    "qwen3-moe": (
        Qwen3MoeForCausalLM,
        Qwen3MoeConfig,
        QWEN_MOE
        | dict(
            norm_topk_prob=True,
            output_router_logits=True,
            router_aux_loss_coef=0.05,
            rope_parameters=dict(rope_type="default", rope_theta=1000.0),
        ),
    ),
    # Mixtures only in layers 1 and 5: every second layer, and not in layer 3. The two probabilities do not sum to one.
    "qwen3-moe-mixed": (
        Qwen3MoeForCausalLM,
        Qwen3MoeConfig,
        QWEN_MOE
        | dict(
            num_hidden_layers=6,
            decoder_sparse_step=2,
            mlp_only_layers=[3],
            norm_topk_prob=False,
            output_router_logits=True,
            router_aux_loss_coef=0.05,
            rope_parameters=dict(rope_type="default", rope_theta=1000.0),
        ),
    ),
    "qwen3-moe-sharded": (
        Qwen3MoeForCausalLM,
        Qwen3MoeConfig,
        QWEN_MOE | dict(num_hidden_layers=2, norm_topk_prob=True, rope_parameters=dict(rope_type="default", rope_theta=1000.0)),
    ),
    # Three sliding layers with RoPE, one full without, twice less two.
    "command-a": (
        Cohere2ForCausalLM,
        Cohere2Config,
        COMMON
        | dict(
            hidden_size=24,
            num_hidden_layers=6,
            num_attention_heads=4,
            num_key_value_heads=2,
            intermediate_size=36,
            layer_norm_eps=1e-5,
            logit_scale=0.25,
            sliding_window=9,
            rope_parameters=dict(rope_type="default", rope_theta=200.0),
        ),
    ),
    "gemma2": (
        Gemma2ForCausalLM,
        Gemma2Config,
        COMMON
        | dict(
            hidden_size=24,
            num_hidden_layers=4,
            num_attention_heads=4,
            num_key_value_heads=2,
            head_dim=8,
            intermediate_size=40,
            sliding_window=9,
            query_pre_attn_scalar=12,
            final_logit_softcapping=4.0,
            attn_logit_softcapping=2.0,
            rope_parameters=dict(rope_type="default", rope_theta=200.0),
        ),
    ),
    # config.json says null for both caps; without them, the class has 30 and 50.
    "gemma2-uncapped": (
        Gemma2ForCausalLM,
        Gemma2Config,
        COMMON
        | dict(
            hidden_size=24,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            head_dim=8,
            intermediate_size=40,
            sliding_window=9,
            query_pre_attn_scalar=1,
            final_logit_softcapping=None,
            attn_logit_softcapping=None,
            rope_parameters=dict(rope_type="default", rope_theta=200.0),
        ),
    ),
    # Five sliding layers, a full one, a sliding one.
    "gemma3": (
        Gemma3ForCausalLM,
        Gemma3TextConfig,
        COMMON
        | dict(
            hidden_size=24,
            num_hidden_layers=7,
            num_attention_heads=4,
            num_key_value_heads=2,
            head_dim=8,
            intermediate_size=28,
            sliding_window=9,
            query_pre_attn_scalar=12,
            rope_parameters=dict(
                sliding_attention=dict(rope_type="default", rope_theta=100.0),
                full_attention=dict(rope_type="linear", rope_theta=1000.0, factor=8.0),
            ),
        ),
    ),
    # The last five of ten layers use the keys and values of layers 3 (sliding) and 4 (full). Widths differ as after a mix'n'match, and the
    # last tokens have no row of their own in the per-layer embeddings.
    "gemma3n": (
        Gemma3nForCausalLM,
        Gemma3nTextConfig,
        COMMON
        | dict(
            hidden_size=16,
            num_hidden_layers=10,
            num_attention_heads=2,
            num_key_value_heads=1,
            head_dim=8,
            intermediate_size=[20, 20, 20, 16, 20, 20, 16, 16, 20, 20],
            activation_sparsity_pattern=[0.8, 0.6, 0.6] + [0.0] * 7,
            sliding_window=9,
            num_kv_shared_layers=5,
            vocab_size_per_layer_input=56,
            hidden_size_per_layer_input=6,
            altup_num_inputs=4,
            altup_active_idx=0,
            laurel_rank=4,
            final_logit_softcapping=4.0,
            rope_parameters=dict(
                sliding_attention=dict(rope_type="default", rope_theta=100.0),
                full_attention=dict(rope_type="default", rope_theta=1000.0),
            ),
        ),
    ),
    # Coefficients of alternating updates are up to 2, beyond the limit, which holds in training only.
    "gemma3n-limit": (
        Gemma3nForCausalLM,
        Gemma3nTextConfig,
        COMMON
        | dict(
            hidden_size=16,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=1,
            head_dim=8,
            intermediate_size=20,
            activation_sparsity_pattern=[0.8, 0.0],
            sliding_window=9,
            num_kv_shared_layers=0,
            vocab_size_per_layer_input=64,
            hidden_size_per_layer_input=6,
            altup_num_inputs=2,
            altup_coef_clip=0.25,
            laurel_rank=4,
        ),
    ),
}

# For import only: their families' gradients are in other folders.
WITHOUT_GRADIENTS = ("llama3-bfloat16", "qwen3-moe-sharded", "gemma3n-limit")

# Router logits that decide about an expert differ by more than this, in units of their standard deviation, so that rounding chooses as we do.
LEAST_MARGIN = 2e-3


@contextlib.contextmanager
def float64():
    """In here the reference's own conversions to float32 are conversions to float64, and new tensors are float64."""
    float32, to_float = torch.float32, torch.Tensor.float
    torch.set_default_dtype(torch.float64)
    torch.float32 = torch.float = torch.float64
    torch.Tensor.float = torch.Tensor.double
    try:
        yield
    finally:
        torch.float32 = torch.float = float32
        torch.Tensor.float = to_float
        torch.set_default_dtype(torch.float32)


def randomize(model: torch.nn.Module, generator: torch.Generator) -> None:
    """Weights with which every part shows: matrices that keep the size of what they map, vectors that are not their neutral value."""
    embeddings = model.get_input_embeddings()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if "correct_output_scale" in name:
                value = 1 + 0.3 * noise
            elif isinstance(model, Gemma3nForCausalLM) and ("q_norm" in name or "k_norm" in name):
                value = 0.6 + 0.2 * noise  # its scores are not divided by the root of the head's size
            elif parameter.dim() == 1:  # norms' weights and biases, as initialised: ones or zeros
                value = parameter.float() + 0.3 * noise
            elif "embed_tokens" in name:
                value = noise / getattr(embeddings, "scalar_embed_scale", 2.0)
            else:
                # Mixtures' matrices [experts, in, out] of llama4 and [experts, out, in] of qwen3-moe; all others are [out, in].
                fan_in = parameter.shape[1] if parameter.dim() == 3 and "Llama4" in type(model).__name__ else parameter.shape[-1]
                value = noise * (2.5 if "lm_head" in name else 1.3) / fan_in**0.5
            parameter.copy_(value)


def routers(model: torch.nn.Module) -> dict[int, torch.nn.Module]:
    """The routers of a model by the index of their layer."""
    found = {}
    for index, layer in enumerate(model.model.layers):
        block = getattr(layer, "feed_forward", None) or layer.mlp
        router = getattr(block, "router", None) or getattr(block, "gate", None)
        if router is not None:
            found[index] = router
    return found


def evaluate(model: torch.nn.Module, input_ids: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
    """What the docstring above lists, but the gradients; these are left in the parameters."""
    result = {}
    seen = {}
    hooks = [
        router.register_forward_hook(lambda _, __, output, index=index: seen.update({index: output}))
        for index, router in routers(model).items()
    ]
    # The reference shifts by itself and ignores -100: position i + 1 holds the label of position i.
    unshifted = torch.cat([torch.full((BATCH, 1), -100), labels[:, :-1].masked_fill(labels[:, :-1] == -1, -100)], dim=1)
    output = model(input_ids=input_ids, labels=unshifted)
    for hook in hooks:
        hook.remove()
    result["logits"] = output.logits
    result["cross_entropy"] = cross_entropy(output.logits.flatten(0, 1), labels.flatten(), ignore_index=-1)
    loss = result["cross_entropy"]
    if getattr(output, "aux_loss", None) is not None:
        result["aux_loss"] = output.aux_loss
        loss = loss + model.config.router_aux_loss_coef * output.aux_loss
    torch.testing.assert_close(output.loss, loss)
    result["loss"] = loss
    for index, found in seen.items():
        if isinstance(model, Llama4ForCausalLM):
            scores, logits = found
            weights, experts = scores.topk(model.config.num_experts_per_tok)
        else:
            logits, weights, experts = found
        result |= {f"router.{index}.logits": logits, f"router.{index}.experts": experts, f"router.{index}.weights": weights}
    model.zero_grad()
    # Without aux_loss: the reference pools all layers in it, here each layer is balanced by itself.
    result["cross_entropy"].backward()
    return result


def routing_is_safe(result: dict[str, torch.Tensor]) -> bool:
    """Whether no rounding can change a choice of experts or their order, and every expert is chosen."""
    for name, logits in result.items():
        if not (name.startswith("router.") and name.endswith(".logits")):
            continue
        experts = result[name.replace(".logits", ".experts")]
        best = logits.sort(descending=True).values[:, : experts.shape[1] + 1]
        margin = (best[:, :-1] - best[:, 1:]).min() / logits.std()
        if margin < LEAST_MARGIN or experts.unique().numel() < logits.shape[1]:
            return False
    return True


def tensors_of(folder: Path) -> dict[str, torch.Tensor]:
    """All tensors of a saved model, by their names on disk."""
    found = {}
    for file in sorted(folder.glob("model*.safetensors")):
        with safe_open(file, "pt") as tensors:
            found |= {name: tensors.get_tensor(name) for name in tensors.keys()}
    return found


def gradients_of(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """The gradients under the names and shapes that `save_pretrained` gives the parameters: saved in their place."""
    with torch.no_grad(), tempfile.TemporaryDirectory() as folder:
        for name, parameter in model.named_parameters():
            assert parameter.grad is not None and parameter.grad.abs().max() > 0, f"{name} has no gradient"
            parameter.copy_(parameter.grad)
        model.save_pretrained(folder)
        return tensors_of(Path(folder))


def deviation(one: torch.Tensor, exact: torch.Tensor) -> float:
    return ((one.double() - exact.double()).abs().max() / exact.double().abs().max()).item()


def attempt(name: str, seed: int, folder: Path) -> bool:
    """Makes a folder, or nothing where the seed's routing is not safe."""
    model_class, config_class, options = FAMILIES[name]
    with_gradients = name not in WITHOUT_GRADIENTS
    generator = torch.Generator().manual_seed(seed)
    model = model_class(config_class(**options)).eval().to(options.get("dtype", torch.float32))
    randomize(model, generator)

    input_ids = torch.randint(VOCABULARY, (BATCH, LENGTH), generator=generator)
    labels = torch.cat([input_ids[:, 1:], torch.full((BATCH, 1), -1)], dim=1)
    labels[0, 3] = labels[1, 0] = labels[1, 17] = -1

    with float64():
        exact = model_class(config_class(**(options | dict(dtype=torch.float64)))).eval()
        exact.load_state_dict(model.state_dict())
        result = evaluate(exact, input_ids, labels)
        assert result["logits"].dtype == torch.float64
    if not routing_is_safe(result):
        return False

    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder, max_shard_size="20KB" if "sharded" in name else "1GB")
    if with_gradients:
        result |= {f"grad.{key}": gradient for key, gradient in gradients_of(exact).items()}
    origin = {"torch": torch.__version__, "transformers": transformers.__version__, "seed": seed}
    if with_gradients:
        single = evaluate(model, input_ids, labels)
        gradients = gradients_of(model)
        origin["float32_deviation"] = {
            "logits": float(f"{deviation(single['logits'], result['logits']):.1e}"),
            "gradients": float(f"{max(deviation(gradients[key], result[f'grad.{key}']) for key in gradients):.1e}"),
        }
    expected = {"input_ids": input_ids, "labels": labels} | {
        key: (value if value.dtype == torch.int64 else value.detach().to(torch.float32)).contiguous() for key, value in result.items()
    }
    # One key: safetensors writes several in random order.
    save_file(expected, folder / "expected.safetensors", {"made_by": json.dumps(origin)})

    size = sum(file.stat().st_size for file in folder.iterdir())
    spread = result["logits"].std().item()
    print(f"{folder}: {size / 1000:.0f} kB, loss {result['loss'].item():.4f}, logits' deviation {spread:.2f}, {origin}")
    return True


def make(name: str, folder: Path) -> None:
    for seed in range(1, 1000):
        if attempt(name, seed, folder):
            return
    raise SystemExit(f"{name}: no seed with safe routing")


def main() -> None:
    torch.set_num_threads(1)  # sums in one order
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=list(FAMILIES), help="which folders (all)")
    parser.add_argument("--check", action="store_true", help="compare with what is there instead of writing")
    options = parser.parse_args()
    for name in options.names:
        if not options.check:
            make(name, FIXTURES / name)
            continue
        with tempfile.TemporaryDirectory() as temporary:
            make(name, Path(temporary) / name)
            files = sorted({file.name for root in (Path(temporary), FIXTURES) for file in (root / name).iterdir()})
            _, different, missing = filecmp.cmpfiles(Path(temporary) / name, FIXTURES / name, files, shallow=False)
            if different or missing:
                raise SystemExit(f"{FIXTURES / name} differs: {different + missing}")


if __name__ == "__main__":
    main()
