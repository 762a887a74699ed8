/** @file A model in any format, opened: its weights are read one by one, as they are stored. */
import type { BpeModel } from '@arrowsmith/bpe';
import {
  ggufModel,
  openGguf,
  openLlama2c,
  type HuggingFaceModel,
  readHuggingFaceModel,
  type StoredModel,
} from '@arrowsmith/formats';
import { storableParameters } from '@arrowsmith/model';
import { storeAs, storeFloat32 } from '@arrowsmith/quantization';
import { openModel } from '@arrowsmith/quantization/model';
import { llama2cOrder } from './llama2c-order.ts';
import type { ModelSource } from './recognize-model.ts';

/**
 * Opens a model; weights are read when they are asked for, in the format that they are stored in.
 *
 * @param tokenizer of the model: that of llama2.c may have its tokens in another order
 * @throws UserError for damaged files, and for what is not supported
 */
export async function openForeignModel(source: ModelSource, tokenizer: BpeModel): Promise<StoredModel> {
  switch (source.format) {
    case 'arrow':
      return openModel(source.file);
    case 'gguf':
      return ggufModel(openGguf(source.file));
    case 'llama2c': {
      const { vocabulary, model } = openLlama2c(source.file);
      return model(llama2cOrder({ file: source.file, vocabulary }, tokenizer));
    }
    case 'huggingface': {
      const model = await readHuggingFaceModel(source.folder);
      const { config } = model;
      const stored = asStored(model);
      return {
        config,
        names: [...stored.keys()],
        read(name) {
          const found = stored.get(name);
          if (found === undefined) throw new Error(`the model has no weight ${name}`);
          return found;
        },
      };
    }
  }
}

/** Matrices in the type that their folder has them in, which holds the same values; vectors, and what operations take as float32 alone, as that. */
function asStored({ config, weights, types }: HuggingFaceModel): Map<string, ReturnType<typeof storeFloat32>> {
  const storable = storableParameters(config);
  const stored = new Map<string, ReturnType<typeof storeFloat32>>();
  for (const [name, tensor] of Object.entries(weights)) {
    const type = storable.has(name) && tensor.data.every(Number.isFinite) ? types.get(name) : undefined;
    stored.set(name, type === undefined ? storeFloat32(tensor) : storeAs(type, tensor, name));
  }
  return stored;
}
