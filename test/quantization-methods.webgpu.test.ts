/** @file The stage `quantize` on a graphics processor: methods that look at rows store the model that they store elsewhere. */
import { join } from 'node:path';
import { readModel } from '@arrowsmith/quantization/model';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RealChain, realChain } from './support/real-chain.ts';

let chain: RealChain;
const model = { hiddenSize: 32, layers: 1, heads: 2, kvHeads: 1, intermediateSize: 32 };

beforeAll(async () => {
  chain = realChain();
  await chain.runUntil('chunk');
  await chain.run('train', { steps: 10, batchSize: 8, model });
});
afterAll(() => chain.remove());

test.each(['gptq', 'awq'])('%s', async (method) => {
  const storedOn = async (backend: 'auto' | 'webgpu') => {
    const step = `${method}-${backend}`;
    const asked = { format: 'int4-g32', method, calibrationRows: 20, backend };
    await chain.run('quantize', asked, undefined, { step, reads: { rows: ['chunk'] } });
    const { weights } = await readModel(join(chain.workspace.root, 'artifacts/bad', step, 'weights.arrow'));
    return Object.values(weights).flatMap(({ data }) => Array.from(data));
  };
  const [here, there] = [await storedOn('webgpu'), await storedOn('auto')];
  // Sums have other last bits, by which values halfway between two numbers go to the other one.
  const others = there.filter((value, i) => Math.abs(value - here[i]!) > 1e-4 * Math.abs(value));
  expect(others.length / there.length).toBeLessThan(0.01);
});
