/** @file A tiny random model, whose tokens are bytes. */
import { createEncoder, type BpeModel } from '@arrowsmith/bpe';
import { useBackend } from '@arrowsmith/engine';
import { decoderConfig, initialWeights, modelParameters, tensorsOf } from '@arrowsmith/model';
import type { TextModelParts } from '../text-model.ts';

/** The token that ends a text. */
export const END = 256;

const NAMED = ['<end>', '<think>', '</think>'];

/** A token for each byte, so that every character beyond ASCII is several tokens; behind them the end of a text, and tags of thoughts. */
export const bytesTokenizer: BpeModel = {
  vocabulary: Array.from({ length: 256 + NAMED.length }, (_, id) =>
    id < END ? Uint8Array.of(id) : new TextEncoder().encode(NAMED[id - END]),
  ),
  merges: [],
  pattern: 'gpt2',
  specialTokens: NAMED.map((content, i) => ({ id: END + i, content })),
};

const sizes = { hiddenSize: 8, layers: 1, heads: 2, kvHeads: 1, intermediateSize: 8, initializerRange: 0.3 };

/** On the active backend. */
export function tinyParts(contextLength = 24): TextModelParts {
  const config = decoderConfig(modelParameters.parse(sizes), {
    vocabularySize: bytesTokenizer.vocabulary.length,
    contextLength,
  });
  const parameters = tensorsOf(initialWeights(config, 4));
  return {
    model: { config, parameters },
    tokenizer: bytesTokenizer,
    encoder: createEncoder(bytesTokenizer),
    endOfText: END,
  };
}

/** Starts the backend that every machine has. */
export const useTinyBackend = (): Promise<void> => useBackend('cpu');
