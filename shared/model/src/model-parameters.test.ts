import { describe, expect, test } from 'vitest';
import { decoderConfig } from './architecture.ts';
import { modelParameters } from './model-parameters.ts';

const minimal = { hiddenSize: 48, layers: 2, heads: 6, kvHeads: 2, intermediateSize: 96 };
const messages = (parameters: object) =>
  modelParameters.safeParse(parameters).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);

describe('model parameters', () => {
  test('have defaults for what is seldom changed', () => {
    expect(modelParameters.parse({})).toEqual({ family: 'llama3' });
    expect(modelParameters.parse(minimal)).toEqual({ ...minimal, family: 'llama3' });
  });

  test.each([
    [{ kvHeads: 4 }, 'kvHeads: must divide heads (6), but is 4'],
    [{ hiddenSize: 50 }, 'hiddenSize: must be a multiple of heads (6) when headDim is left out, but is 50'],
    [{ hiddenSize: 42 }, 'headDim: must be even, as rotary embedding turns pairs, but is 7'],
    [{ headDim: 9 }, 'headDim: must be even, as rotary embedding turns pairs, but is 9'],
    [{ attentionPattern: 'SSX' }, 'attentionPattern: must consist of the letters G, S, C'],
    [{ moe: { experts: 4, topK: 5 } }, 'moe.topK: must be at most the number of experts (4), but is 5'],
    [
      { matformer: { granularities: 7 } },
      'matformer.granularities: 7 need an intermediateSize that 64 divides, but it is 96',
    ],
    [
      { matformer: { granularities: 2 }, moe: {} },
      'matformer.granularities: must be 1 in a mixture of experts, whose experts are not nested',
    ],
    [{ sharedKvLayers: 2 }, 'sharedKvLayers: must be less than layers (2), but is 2'],
    [{ altUp: { inputs: 2, active: 2 } }, 'altUp.active: must be below altUp.inputs (2), but is 2'],
  ])('%o is refused: %s', (change, message) => {
    expect(messages({ ...minimal, ...change })).toEqual([message]);
  });

  test('unknown names are refused', () => {
    expect(messages({ ...minimal, hiddenSise: 1 })?.[0]).toMatch(/hiddenSise/);
  });

  test('a configuration has the size of a head, given or derived', () => {
    const data = { vocabularySize: 100, contextLength: 16 };
    const headDim = (change: object) =>
      decoderConfig(modelParameters.parse({ ...minimal, ...change }), data).layers[0]!.attention.headDim;
    expect(headDim({})).toBe(8);
    expect(headDim({ hiddenSize: 50, headDim: 10 })).toBe(10);
  });
});
