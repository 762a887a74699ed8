/** @file Passes that come again are recorded: the same scores, in bounded memory. */
import { resolveBackend, useBackend } from '@arrowsmith/engine';
import { decoderConfig, initialWeights, modelParameters, type Parameters, storableParameters } from '@arrowsmith/model';
import { storedMatrix } from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { type ComputedTokens, ModelPasses, openStore } from './model-passes.ts';

const CONTEXT = 8;
const MOST = 40;
const VOCABULARY = 2000;

const bytesOf = ({ buffer, byteOffset, byteLength } = new Float32Array(0)) =>
  Buffer.from(buffer, byteOffset, byteLength);

describe.runIf(resolveBackend('auto') === 'native')('passes that come again', () => {
  const sizes = { hiddenSize: 32, layers: 2, heads: 2, kvHeads: 1, intermediateSize: 32, initializerRange: 0.3 };
  const config = decoderConfig(modelParameters.parse({ family: 'llama3', ...sizes }), {
    vocabularySize: VOCABULARY,
    contextLength: CONTEXT,
  });
  let parameters: Parameters;
  beforeAll(async () => {
    await useBackend('native');
    const storable = storableParameters(config);
    parameters = Object.fromEntries(
      Object.entries(initialWeights(config, 4)).map(([name, { shape, data }]) => [
        name,
        storable.has(name)
          ? storedMatrix('f32', shape, new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
          : tf.tensor(data, shape),
      ]),
    );
  });

  const inUse = (): number => (tf.memory() as unknown as { inUse: number }).inUse;
  const newPasses = () => {
    const store = openStore(config, { contextLength: CONTEXT, contexts: MOST });
    return new ModelPasses({ config, parameters }, store);
  };

  /** The first tokens of `count` texts, by one pass. */
  async function firstTokens(passes: ModelPasses, count: number) {
    const { memory } = passes.store;
    const members: ComputedTokens[] = [];
    for (let i = 0; i < count; i++) {
      const tokens = [(7 * i + count) % VOCABULARY];
      const kv = memory.add(tokens);
      if (kv === undefined || memory.extend(kv, 1) === undefined) throw new Error('there is no room');
      members.push({ kv, tokens, wanted: [0] });
    }
    const scores = await passes.compute(members);
    const copies = scores.flat().map(({ logits, likeliest }) => ({ logits: logits.slice(), likeliest }));
    for (const { kv } of members) memory.free(kv);
    return copies;
  }

  test('have the scores that they had the first time, however many others came between', async () => {
    const passes = newPasses();
    const first = new Map<number, Awaited<ReturnType<typeof firstTokens>>>();
    for (const turn of [1, 2, 3]) {
      // More than are kept, so that each turn some are recorded anew.
      for (const count of [1, 5, 16, 17, 30, 31, 33, 34, 35, 39, MOST]) {
        const scores = await firstTokens(passes, count);
        if (turn === 1) first.set(count, scores);
        for (const [i, { logits, likeliest }] of scores.entries()) {
          expect(Buffer.compare(bytesOf(logits), bytesOf(first.get(count)?.[i]?.logits))).toBe(0);
          expect(likeliest).toBe(logits.indexOf(Math.max(...logits)));
        }
      }
    }
    passes.dispose();
  });

  test('keep no more memory than a few hundred tokens of them take, and give all of it back', async () => {
    const before = inUse();
    const passes = newPasses();
    const withoutAny = inUse();
    for (let turn = 0; turn < 3; turn++) await firstTokens(passes, MOST);
    const perToken = (inUse() - withoutAny) / MOST;
    expect(perToken).toBeGreaterThan(4 * VOCABULARY); // there is a recording
    for (let count = 1; count <= MOST; count++) {
      for (let turn = 0; turn < 3; turn++) await firstTokens(passes, count); // 820 tokens altogether
    }
    expect(inUse() - withoutAny).toBeLessThan(1.2 * 256 * perToken);
    passes.dispose();
    expect(inUse()).toBe(before);
  });
});
