"""Makes test/fixtures/llama3-*.json: a tiny LlamaForCausalLM's weights, logits, loss and gradients, by Hugging Face transformers.

Usage, from the repository root: python scripts/parity/llama3.py
Needs: pip install torch transformers (made with 2.15.0 and 5.23.0)

Tensors are {"shape": [...], "data": base64 of little-endian float32}.
"""

import base64
import json
from pathlib import Path

import torch
from transformers import LlamaConfig, LlamaForCausalLM

FIXTURES = Path("test/fixtures")

CASES = {
    # Four query heads that share two key heads; the output layer is the embedding matrix.
    "tied": dict(hidden_size=24, num_attention_heads=4, num_key_value_heads=2, head_dim=6, tie_word_embeddings=True, rope_theta=10000.0),
    # Three query heads on one key head, heads of another total size than the hidden state, an output layer of its own.
    "untied": dict(hidden_size=21, num_attention_heads=3, num_key_value_heads=1, head_dim=8, tie_word_embeddings=False, rope_theta=500.0),
}
VOCABULARY, LAYERS, INTERMEDIATE, BATCH, LENGTH = 37, 2, 40, 2, 9


def encode(tensor: torch.Tensor) -> dict:
    data = tensor.detach().to(torch.float32).contiguous().numpy().tobytes()
    return {"shape": list(tensor.shape), "data": base64.b64encode(data).decode()}


for name, options in CASES.items():
    torch.manual_seed(1)
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        num_hidden_layers=LAYERS,
        intermediate_size=INTERMEDIATE,
        max_position_embeddings=16,
        rms_norm_eps=1e-5,
        attn_implementation="eager",
        **options,
    )
    model = LlamaForCausalLM(config)
    with torch.no_grad():
        for parameter in model.parameters():
            # Larger than usual, and norms that are not ones: every part of the model shows in the logits.
            parameter.copy_(torch.randn(parameter.shape) * 0.3 + (1.0 if parameter.dim() == 1 else 0.0))

    inputs = torch.randint(VOCABULARY, (BATCH, LENGTH))
    targets = torch.randint(VOCABULARY, (BATCH, LENGTH))
    targets[0, 3] = targets[1, 0] = targets[1, 8] = -1
    logits = model(input_ids=inputs).logits
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=-1)
    loss.backward()

    parameters = dict(model.named_parameters())  # lists tied parameters once
    fixture = {
        "parameters": {
            "hiddenSize": config.hidden_size,
            "layers": LAYERS,
            "heads": config.num_attention_heads,
            "kvHeads": config.num_key_value_heads,
            "headDim": config.head_dim,
            "intermediateSize": INTERMEDIATE,
            "ropeTheta": options["rope_theta"],
            "rmsNormEpsilon": 1e-5,
            "tieWordEmbeddings": config.tie_word_embeddings,
        },
        "vocabularySize": VOCABULARY,
        "contextLength": 16,
        "inputs": inputs.tolist(),
        "targets": targets.tolist(),
        "weights": {key: encode(parameter) for key, parameter in parameters.items()},
        "logits": encode(logits),
        "loss": loss.item(),
        "gradients": {key: encode(parameter.grad) for key, parameter in parameters.items()},
    }
    path = FIXTURES / f"llama3-{name}.json"
    path.write_text(json.dumps(fixture) + "\n")
    print(path, path.stat().st_size, "bytes, loss", loss.item())
