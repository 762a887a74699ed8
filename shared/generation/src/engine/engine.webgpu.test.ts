/**
 * @file Texts of models whose matrices are stored, on the backend webgpu: those of the numbers that the bytes stand for; and the same bits alone and in any
 * batch, whatever pieces a prompt comes in.
 */
import { useBackend } from '@arrowsmith/engine';
import type { KvPrecision } from '@arrowsmith/model';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { generationParameters } from '../sampling/index.ts';
import { Engine } from './engine.ts';
import { type Format, storedModel, write } from './testing/stored-model.ts';

beforeAll(async () => {
  await useBackend('cpu');
  await useBackend('webgpu');
});

const requestOf = (prompt: number[], seed: number) => ({
  prompt,
  parameters: generationParameters.parse({ seed, maximumTokens: 6, temperature: seed === 0 ? 0 : 1 }),
  logProbabilities: 0,
});

/** Prompts of several lengths, of which one is longer than a pass of the batch. */
const prompts = [3, 11, 1, 20].map((length, i) => Array.from({ length }, (_, j) => (7 * j + 5 * i) % 61));

async function alone(family: string, format: Format, cachePrecision: KvPrecision): Promise<number[][]> {
  const model = storedModel(family, format);
  const texts: number[][] = [];
  for (const [i, prompt] of prompts.entries()) {
    const engine = new Engine(model, { cache: 'contiguous', cachePrecision, sequences: 1 });
    texts.push(await write(engine.generate(requestOf(prompt, i))));
    await engine.dispose();
  }
  return texts;
}

describe.each([
  ['llama3', 'int8'],
  ['qwen3-moe', 'bf16'],
  ['gemma3n', 'int8'],
] as const)('%s in %s on webgpu', (family, format) => {
  test('writes what the reference writes with the numbers that the bytes stand for', async () => {
    await tf.setBackend('webgpu');
    const found = await alone(family, format, 'f32');
    await tf.setBackend('cpu');
    const expected = await alone(family, format, 'f32');
    for (const [i, text] of expected.entries()) {
      expect(found[i]!.filter((_, j) => j % 2 === 0)).toEqual(text.filter((_, j) => j % 2 === 0));
      for (const [j, x] of text.entries()) expect(Math.abs(found[i]![j]! - x)).toBeLessThan(1e-3); // float32 in other orders
    }
  });

  test.each<KvPrecision>(['f32', 'int8'])(
    'writes the same bits alone and among others, with a cache of %s',
    async (cachePrecision) => {
      await tf.setBackend('webgpu');
      const expected = await alone(family, format, cachePrecision);
      const engine = new Engine(storedModel(family, format), {
        cache: 'paged',
        cachePrecision,
        blockSize: 4,
        passTokens: 13,
        sequences: 4,
      });
      const texts = prompts.map((prompt, i) => write(engine.generate(requestOf(prompt, i))));
      expect(await Promise.all(texts)).toEqual(expected);
      await engine.dispose();
    },
  );
});
