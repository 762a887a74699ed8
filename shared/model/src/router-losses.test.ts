import { useBackend } from '@arrowsmith/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { decoderConfig } from './architecture.ts';
import { lossTerms } from './outputs.ts';
import { modelParameters } from './model-parameters.ts';
import { initialWeights } from './parameters.ts';
import { routerLosses } from './router-losses.ts';
import { tensorsOf } from './tensors.ts';

beforeAll(() => useBackend('cpu'));

const routing = (load: number[], probability: number[], squaredLogSum = 0) => ({
  load: tf.tensor1d(load),
  probability: tf.tensor1d(probability),
  squaredLogSum: tf.scalar(squaredLogSum),
});
const valueOf = (
  config: { loadBalancing: number; zLoss: number },
  ...args: [ReturnType<typeof routing>[], tf.Tensor[]?]
) => routerLosses(config, ...args)?.dataSync()[0];

describe('the load-balancing loss', () => {
  test('is the number of experts per token when all are used alike, and more when some are preferred', () => {
    const even = routing([0.5, 0.5, 0.5, 0.5], [0.25, 0.25, 0.25, 0.25]);
    const uneven = routing([1, 1, 0, 0], [0.4, 0.4, 0.1, 0.1]);
    expect(valueOf({ loadBalancing: 1, zLoss: 0 }, [even])).toBeCloseTo(2, 6);
    expect(valueOf({ loadBalancing: 1, zLoss: 0 }, [uneven])).toBeCloseTo(4 * 0.8, 6);
    expect(valueOf({ loadBalancing: 0.5, zLoss: 0 }, [even, uneven])).toBeCloseTo((0.5 * (2 + 3.2)) / 2, 6);
  });

  test('takes the loads of the whole batch where they are given', () => {
    const part = routing([1, 0], [0.9, 0.1]);
    expect(valueOf({ loadBalancing: 1, zLoss: 0 }, [part], [tf.tensor1d([0.5, 0.5])])).toBeCloseTo(1, 6);
  });
});

test('the z-loss is the mean squared log of the sum of exponentials', () => {
  expect(valueOf({ loadBalancing: 0, zLoss: 0.1 }, [routing([1], [1], 4), routing([1], [1], 6)])).toBeCloseTo(0.5, 6);
});

test('without experts, or without coefficients, there is none', () => {
  expect(valueOf({ loadBalancing: 1, zLoss: 1 }, [])).toBeUndefined();
  expect(valueOf({ loadBalancing: 0, zLoss: 0 }, [routing([1], [1])])).toBeUndefined();
});

test('in a model, both losses are those of the definition, from the router’s own products', () => {
  const config = decoderConfig(
    modelParameters.parse({
      family: 'qwen3-moe',
      hiddenSize: 8,
      layers: 1,
      heads: 2,
      kvHeads: 1,
      intermediateSize: 8,
      moe: { experts: 4, topK: 2, loadBalancing: 0.3, zLoss: 0.2 },
      initializerRange: 0.5,
    }),
    { vocabularySize: 9, contextLength: 8 },
  );
  const weights = initialWeights(config, 1);
  const ids = tf.tensor2d([[1, 5, 3, 8, 0, 2, 7, 4]], undefined, 'int32');
  const { total, crossEntropy, loads } = lossTerms(config, tensorsOf(weights), ids, ids);
  // A router of zeros: all logits 0, the first experts chosen, probabilities 1/4, ln Σ exp = ln 4.
  const zeros = { ...weights, 'model.layers.0.mlp.gate.weight': { shape: [4, 8], data: new Float32Array(32) } };
  const even = lossTerms(config, tensorsOf(zeros), ids, ids);
  expect(even.loads[0]!.arraySync()).toEqual([1, 1, 0, 0]);
  const difference = even.total.dataSync()[0]! - even.crossEntropy.dataSync()[0]!;
  expect(difference).toBeCloseTo(0.3 * 4 * (0.25 + 0.25) + 0.2 * Math.log(4) ** 2, 5);
  const sum = Array.from(loads[0]!.dataSync()).reduce((all, load) => all + load, 0);
  expect(sum).toBeCloseTo(2, 6); // experts per token
  expect(total.dataSync()[0]!).toBeGreaterThan(crossEntropy.dataSync()[0]!);
});
