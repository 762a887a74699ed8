/** @file A model in any format, opened: its weights are read one by one, as they are stored. */
import type { BpeModel } from '@arrowsmith/bpe';
import { ggufModel, openGguf, openLlama2c, readHuggingFaceModel, type StoredModel } from '@arrowsmith/formats';
import { openModel, storeWeights } from '@arrowsmith/quantization/model';
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
      const { config, weights } = await readHuggingFaceModel(source.folder);
      const stored = new Map(Object.entries(storeWeights(weights)));
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
