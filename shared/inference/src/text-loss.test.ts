/** @file Tests of the loss over a text: each token is predicted once, with as much before it as is said; and what it costs, by the model alone. */
import { resolveBackend, useBackend } from '@arrowsmith/engine';
import { decoderConfig, forward, initialWeights, logits, tensorsOf, type ModelParameters } from '@arrowsmith/model';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { textLoss, windowsOf } from './text-loss.ts';

const BEGIN = 1;
const IDS = Array.from({ length: 23 }, (_, i) => 2 + ((i * 7) % 17));

describe('windows', () => {
  test.each([
    [8, 8],
    [8, 3],
    [8, 1],
    [40, 40],
    [40, 5],
    [1, 1],
    [23, 23],
  ])(
    'of %i tokens, one every %i, predict each token once, behind at least as many as they overlap by',
    async (context, stride) => {
      const rows = windowsOf(IDS, { begin: BEGIN, context, stride });
      const { inputs, targets } = await rows.read(Array.from({ length: rows.rows }, (_, row) => row));
      const text = [BEGIN, ...IDS];
      const predicted: number[] = [];
      for (let row = 0; row < rows.rows; row++) {
        for (let position = 0; position < context; position++) {
          const target = targets[row * context + position]!;
          if (target < 0) continue;
          const at = row * stride + position;
          predicted.push(at);
          expect(target).toBe(IDS[at]);
          const seen = [...inputs.subarray(row * context, row * context + position + 1)];
          expect(seen).toEqual(text.slice(at - position, at + 1));
          expect(seen.length).toBeGreaterThanOrEqual(Math.min(at + 1, context - stride + 1));
        }
      }
      expect(predicted).toEqual(IDS.map((_, at) => at));
    },
  );
});

describe('the loss', () => {
  const sizes = { family: 'llama3', hiddenSize: 16, layers: 2, heads: 2, kvHeads: 1, intermediateSize: 24 };
  const config = decoderConfig(sizes as ModelParameters, { vocabularySize: 20, contextLength: 64 });
  beforeAll(() => useBackend(resolveBackend('auto'), { precision: 'f32' }));

  /** Of a token behind others, by a pass of its own. */
  function cost(before: readonly number[], id: number): number {
    const parameters = tensorsOf(initialWeights(config, 3));
    const values = tf.tidy(() => {
      const hidden = forward(config, parameters, tf.tensor2d([[...before]], [1, before.length], 'int32'));
      return logits(config, parameters, hidden).dataSync<'float32'>().slice(-config.vocabularySize);
    });
    tf.dispose(parameters);
    return Math.log(values.reduce((sum, value) => sum + Math.exp(value), 0)) - values[id]!;
  }

  test.each([
    [64, 64],
    [8, 8],
    [8, 3],
  ])(
    'of windows of %i, one every %i, is that of every token behind what its window has before it',
    async (context, stride) => {
      const parameters = tensorsOf(initialWeights(config, 3));
      const options = { config, parameters, begin: BEGIN, context, stride, batchSize: 2 };
      const { nats, tokens } = await textLoss({ ...options, ids: IDS });
      tf.dispose(parameters);
      const text = [BEGIN, ...IDS];
      const expected = IDS.map((id, at) => {
        const row = Math.max(0, Math.ceil((at + 1 - context) / stride));
        return cost(text.slice(row * stride, at + 1), id);
      });
      expect(tokens).toBe(IDS.length);
      // Sums of float32 over another order: observed 1e-6.
      expect(nats).toBeCloseTo(
        expected.reduce((sum, each) => sum + each, 0),
        4,
      );
    },
  );
});
