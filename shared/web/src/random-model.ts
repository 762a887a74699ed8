/** @file Small random models of all families, for tests. Their tokens are bytes. */
import type { BpeModel } from '@arrowsmith/bpe';
import { decoderConfig, initialWeights, modelParameters, type DecoderConfig, type Weights } from '@arrowsmith/model';
import { storeFloat32 } from '@arrowsmith/quantization';
import type { WebSource } from './write-model.ts';

const END = { content: '<|end|>', id: 256 };

/** A token for each byte, and one that ends a text. */
export const bytesTokenizer: BpeModel = {
  vocabulary: Array.from({ length: 257 }, (_, id) =>
    id < END.id ? Uint8Array.of(id) : new TextEncoder().encode(END.content),
  ),
  merges: [],
  pattern: 'gpt2',
  specialTokens: [END],
};

const SIZES = { hiddenSize: 32, layers: 5, heads: 4, kvHeads: 2, intermediateSize: 32, window: 10, chunk: 10 };

/** Weights that make one token follow another, instead of one for ever. */
const SPREAD = { initializerRange: 0.4, tieWordEmbeddings: false };

export function randomModel(
  family: string,
  { contextLength = 200, ...changes }: { contextLength?: number } & Record<string, unknown> = {},
): { config: DecoderConfig; weights: Weights } {
  const parameters = modelParameters.parse({ family, ...SIZES, ...SPREAD, ...changes });
  const config = decoderConfig(parameters, { vocabularySize: bytesTokenizer.vocabulary.length, contextLength });
  return { config, weights: initialWeights(config, 4) };
}

/** A model as `export` has it. */
export function sourceOf({ config, weights }: ReturnType<typeof randomModel>): WebSource {
  return {
    config,
    names: Object.keys(weights),
    read(name) {
      const found = weights[name];
      if (found === undefined) throw new Error(`no weight ${name}`);
      return storeFloat32(found);
    },
    tokenizer: bytesTokenizer,
    endOfText: END,
  };
}
