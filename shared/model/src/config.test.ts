import { describe, expect, test } from 'vitest';
import { decoderConfig, modelParameters } from './config.ts';

const minimal = { hiddenSize: 48, layers: 2, heads: 6, kvHeads: 2, intermediateSize: 96 };
const messages = (parameters: object) =>
  modelParameters.safeParse(parameters).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);

describe('model parameters', () => {
  test('have defaults for what is seldom changed', () => {
    expect(modelParameters.parse(minimal)).toEqual({
      ...minimal,
      family: 'llama3',
      ropeTheta: 10000,
      rmsNormEpsilon: 1e-5,
      tieWordEmbeddings: true,
      initializerRange: 0.02,
    });
  });

  test.each([
    [{ kvHeads: 4 }, 'kvHeads: must divide heads (6), but is 4'],
    [{ hiddenSize: 50 }, 'hiddenSize: must be a multiple of heads (6) when headDim is left out, but is 50'],
    [{ hiddenSize: 42 }, 'headDim: must be even, as rotary embedding turns pairs, but is 7'],
    [{ headDim: 9 }, 'headDim: must be even, as rotary embedding turns pairs, but is 9'],
  ])('%o is refused: %s', (change, message) => {
    expect(messages({ ...minimal, ...change })).toEqual([message]);
  });

  test('unknown names are refused', () => {
    expect(messages({ ...minimal, hiddenSise: 1 })?.[0]).toMatch(/hiddenSise/);
  });

  test('a configuration has the size of a head, given or derived', () => {
    const data = { vocabularySize: 100, contextLength: 16 };
    expect(decoderConfig(modelParameters.parse(minimal), data)).toMatchObject({ headDim: 8, ...data });
    expect(decoderConfig(modelParameters.parse({ ...minimal, hiddenSize: 50, headDim: 10 }), data).headDim).toBe(10);
  });
});
