"""Makes a GGUF file of a Hugging Face folder with llama.cpp's own converter, for scripts/parity/gguf-import.ts.

Usage: LLAMA_CPP=<llama.cpp's sources> python scripts/parity/gguf-import.py <folder> <file.gguf> <f32|f16|bf16|q8_0> [pre-tokenizer]
Needs: pip install torch transformers (made with 2.15.0 and 4.57.6), and llama.cpp's sources of 2026-11, whose gguf-py is used.

The converter knows pre-tokenizers of published models by a digest of what they make of a text; of others the name is given. Without a name the folder
has no tokenizer, and tokens are numbered.
"""

import os
import sys
from pathlib import Path

SOURCES = Path(os.environ["LLAMA_CPP"])
sys.path[:0] = [str(SOURCES), str(SOURCES / "gguf-py")]

import gguf  # noqa: E402
import torch  # noqa: E402
from conversion import ModelBase, ModelType, get_model_architecture, get_model_class, load_all_models  # noqa: E402
from conversion.base import TextModel  # noqa: E402

TYPES = {
    "f32": gguf.LlamaFileType.ALL_F32,
    "f16": gguf.LlamaFileType.MOSTLY_F16,
    "bf16": gguf.LlamaFileType.MOSTLY_BF16,
    "q8_0": gguf.LlamaFileType.MOSTLY_Q8_0,
}


def numbered(model: TextModel) -> None:
    size = model.hparams["vocab_size"]
    model.gguf_writer.add_tokenizer_model("gpt2")
    model.gguf_writer.add_tokenizer_pre("gpt-2")
    model.gguf_writer.add_token_list([f"token{i}" for i in range(size)])
    model.gguf_writer.add_token_types([1] * size)
    model.gguf_writer.add_token_merges([])


def main() -> None:
    folder, file, kind = Path(sys.argv[1]), Path(sys.argv[2]), TYPES[sys.argv[3]]
    with torch.inference_mode():
        architecture = get_model_architecture(ModelBase.load_hparams(folder, False), ModelType.TEXT)
        model_class = get_model_class(architecture)
        if len(sys.argv) > 4:
            TextModel.get_vocab_base_pre = lambda self, tokenizer: sys.argv[4]
            model_class.set_vocab = lambda self: self._set_vocab_gpt2()
        else:
            model_class.set_vocab = numbered
        model_class(folder, kind, file, eager=True, model_name="parity").write()


main()
