/** @file A graphics processor that `auto` takes for an evaluation, by speeds that are made up: the program which stands in for one is said to be one, and fast. */
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nativeBuild } from '@arrowsmith/backend-native/build';
import { findAdapter, resolveEngine } from '@arrowsmith/engine';
import { keepSpeeds, machineDigest, type Speed, speedsFile } from '@arrowsmith/engine/speed';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type RealChain, realChain } from './support/real-chain.ts';

const speed = (factor: number): Speed => {
  const products = [1e11, 2e11, 3e11].map((rate) => factor * rate);
  const [bandwidth, reading] = [factor * 3e10, factor * 3e10];
  return { products, stored: products, bandwidth, reading, kernel: 1e-5, call: 1e-5, wait: 1e-4 };
};

/** So much text, and a model so wide, that a batch has work enough to be looked at. */
const TEXT = Array.from({ length: 400 }, (_, i) => `The ${i} small cats sat on ${7 * i} mats and sang.`).join(
  '\n***\n',
);
const model = { hiddenSize: 256, layers: 1, heads: 2, kvHeads: 2, intermediateSize: 1536 };

let chain: RealChain;
beforeAll(async () => {
  vi.stubEnv('XDG_CACHE_HOME', mkdtempSync(join(tmpdir(), 'speeds-')));
  vi.stubEnv('ARROWSMITH_BACKEND', '');
  chain = realChain();
  chain.write('text.txt', TEXT);
  await chain.runUntil('tokenizer');
  await chain.run('chunk', { contextLength: 64 });
  await chain.run('train', { steps: 1, batchSize: 2, model });
});
afterAll(() => chain.remove());

const evaluate = async (step: string): Promise<{ loss: number; environment: Record<string, string> }> => {
  const asked = { prompts: [], batchSize: 64 };
  const { metrics } = await chain.run('evaluate', asked, undefined, { step, reads: { models: ['train'] } });
  const record = readFileSync(join(chain.workspace.root, 'artifacts/bad', step, 'run.json'), 'utf8');
  const { environment } = JSON.parse(record) as { environment: Record<string, string> };
  return { loss: metrics['train.bitsPerByte']!, environment };
};

test('what is measured by it is another result, whose record names it', async () => {
  const before = await evaluate('before');
  expect(before.environment['backend']).not.toBe('webgpu');
  const {
    isThere: _,
    features: __,
    ...adapter
  } = findAdapter() as Extract<ReturnType<typeof findAdapter>, { isThere: true }>;
  keepSpeeds(speedsFile(machineDigest(nativeBuild())), {
    format: 2,
    measured: '2026-12-01',
    adapter: { ...adapter, isSoftware: false },
    speeds: { 'webgpu f32': speed(4), 'native f32': speed(1), 'native bf16': speed(1), 'wasm f32': speed(1) },
  });
  const after = await evaluate('after');
  expect(after.environment).toEqual(resolveEngine({ backend: 'webgpu' }));
  expect(chain.printed.join('\n')).toMatch(
    /after: backend webgpu \(.*\): estimated 3\.\dx of native; --backend=native/,
  );
  expect(after.loss).toBeCloseTo(before.loss, 4); // float32 in other orders
});
