import { expect, test } from 'vitest';
import { decoderConfig } from './architecture.ts';
import { learningRateFor, modelParameters } from './model-parameters.ts';

const sizes = { layers: 2, heads: 4, kvHeads: 2, intermediateSize: 64 };
const configOf = (chosen: object) =>
  decoderConfig(modelParameters.parse({ ...sizes, ...chosen }), { vocabularySize: 16, contextLength: 8 });
const rateOf = (chosen: object) => learningRateFor(modelParameters.parse({ ...sizes, ...chosen }));

test('initial weights and learning rate are those measured for the width, where nobody chose them', () => {
  expect([64, 128, 512].map((hiddenSize) => configOf({ hiddenSize }).initialization.deviation)).toEqual([
    0.06 * Math.SQRT2,
    0.06,
    0.03,
  ]);
  expect(configOf({ hiddenSize: 64, initializerRange: 0.02 }).initialization.deviation).toBe(0.02);
  expect([16, 64, 128, 512].map((hiddenSize) => rateOf({ hiddenSize }))).toEqual([0.024, 0.012, 0.006, 0.0015]);
  expect(rateOf({ family: 'gemma3' })).toBe(0.006); // of its miniature
});

test('under µP they are those of the base model', () => {
  const chosen = { hiddenSize: 512, mupBaseHiddenSize: 128 };
  expect(configOf(chosen).initialization.deviation).toBe(0.06);
  expect(rateOf(chosen)).toBe(0.006);
});

test('where sub-layers’ outputs are normalised, embeddings are scaled, so that they are not lost beside them', () => {
  expect(configOf({ hiddenSize: 64, postNorms: true }).embeddingScale).toBe(8);
  expect(configOf({ hiddenSize: 64, postNorms: true, embeddingScale: 1 }).embeddingScale).toBe(1);
  expect(configOf({ hiddenSize: 64 }).embeddingScale).toBe(1);
  expect(configOf({ family: 'gemma3', hiddenSize: 64, postNorms: false }).embeddingScale).toBe(8); // the family's
});
