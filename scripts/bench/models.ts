/** @file The models whose training step is measured. */
import { countActiveParameters, decoderConfig, modelParameters, type DecoderConfig } from '@arrowsmith/model';

/** A model, and how many sequences of its context length a step has. */
export interface BenchModel {
  config: DecoderConfig;
  batchSize: number;
}

function benchModel(
  { heads, ...sizes }: { hiddenSize: number; layers: number; heads: number; intermediateSize: number },
  data: { vocabularySize: number; contextLength: number },
  batchSize: number,
): BenchModel {
  return { config: decoderConfig(modelParameters.parse({ ...sizes, heads, kvHeads: heads }), data), batchSize };
}

/** By number of parameters. */
export const benchModels = {
  '1M': benchModel(
    { hiddenSize: 128, layers: 4, heads: 4, intermediateSize: 384 },
    { vocabularySize: 2048, contextLength: 256 },
    16,
  ),
  '7M': benchModel(
    { hiddenSize: 288, layers: 6, heads: 6, intermediateSize: 768 },
    { vocabularySize: 4096, contextLength: 256 },
    16,
  ),
  '15M': benchModel(
    { hiddenSize: 384, layers: 7, heads: 6, intermediateSize: 1024 },
    { vocabularySize: 8192, contextLength: 256 },
    16,
  ),
  '30M': benchModel(
    { hiddenSize: 512, layers: 8, heads: 8, intermediateSize: 1408 },
    { vocabularySize: 8192, contextLength: 512 },
    8,
  ),
} satisfies Record<string, BenchModel>;

/** Tokens of a step. */
export function tokensPerStep({ config, batchSize }: BenchModel): number {
  return batchSize * config.contextLength;
}

/** Work of the model, forward and backward: 6 per weight that computes a token (Kaplan et al. 2020), and causal attention's products. */
export function flopPerToken(config: DecoderConfig): number {
  const inAttention = config.layers.map(({ attention: { heads, headDim, window, chunk } }) => {
    const span = Math.min(config.contextLength, window || Infinity, chunk || Infinity);
    return heads * headDim * span;
  });
  return 6 * countActiveParameters(config) + 6 * inAttention.reduce((sum, size) => sum + size, 0);
}
