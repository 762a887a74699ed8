/** @file Models in every number format, through the real stages. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openWeights } from '@arrowsmith/artifacts';
import { readModel } from '@arrowsmith/quantization/model';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RealChain, realChain } from './support/real-chain.ts';

const artifact = (chain: RealChain, step: string, file: string) =>
  join(chain.workspace.root, 'artifacts/bad', step, file);

interface Manifest {
  metadata: Record<string, unknown>;
}

const metadataOf = (chain: RealChain, step: string) =>
  (JSON.parse(readFileSync(artifact(chain, step, 'manifest.json'), 'utf8')) as Manifest).metadata;

async function formatsOf(chain: RealChain): Promise<Record<string, string>> {
  const { tensors } = await openWeights(artifact(chain, 'quantize', 'weights.arrow'));
  return Object.fromEntries([...tensors].map(([name, { format }]) => [name, format]));
}

/** One of each layout; the package `quantization` has tests of all formats. */
const LAYOUTS =
  'f32 f16 bf16 int8 int8-g128 int4-g32-asymmetric int3-g32 Q8_0 Q5_1 Q4_0 IQ4_NL Q6_K Q4_K Q3_K Q2_K'.split(' ');

describe('a model whose rows are blocks of every layout', () => {
  let chain: RealChain;
  beforeAll(async () => {
    chain = realChain();
    await chain.runUntil('chunk');
    const model = { hiddenSize: 256, layers: 1, heads: 2, kvHeads: 1, intermediateSize: 256, tieWordEmbeddings: false };
    await chain.run('train', { steps: 1, batchSize: 1, model });
  });
  afterAll(() => chain.remove());

  const steps = LAYOUTS.map((format) => ({ format, step: format.toLowerCase().replace('_', '-') }));

  test.each(steps)('is stored in $format, and read', async ({ format, step }) => {
    const { metrics, highlights } = await chain.run('quantize', { format }, undefined, { step });
    const { bytes, format: most, weights } = await readModel(artifact(chain, step, 'weights.arrow'));
    expect(most).toBe(format);
    expect(metadataOf(chain, step)).toMatchObject({ format, bytes });
    expect(metrics['bytesAfter']).toBe(bytes);
    const values = Object.values(weights).reduce((sum, { data }) => sum + data.length, 0);
    expect(highlights['size']).toContain(`${format} (${((8 * bytes) / values).toFixed(2)} bits per weight`);
    expect(highlights['formats']).toBeUndefined();
  });

  test('is evaluated in all of them', async () => {
    const models = ['train', ...steps.map(({ step }) => step)];
    const { metrics } = await chain.run('evaluate', {}, undefined, { reads: { models } });
    const trained = metrics['train.bitsPerByte'] ?? NaN;
    for (const model of models) expect(Math.abs(metrics[`${model}.bitsPerByte`]! / trained - 1)).toBeLessThan(0.1);
  });

  test.each(['f32', 'bf16'])('is read bit by bit from bit planes of %s', async (format) => {
    await chain.run('quantize', { format }, undefined, { step: 'plain' });
    const { highlights, metrics } = await chain.run('quantize', { format, encoding: 'planes' }, undefined, {
      step: 'planes',
    });
    const [plain, planes] = [
      await readModel(artifact(chain, 'plain', 'weights.arrow')),
      await readModel(artifact(chain, 'planes', 'weights.arrow')),
    ];
    expect(planes.weights).toEqual(plain.weights);
    expect(metadataOf(chain, 'planes')).toMatchObject({ format, bytes: planes.bytes });
    expect(metrics['bytesAfter']).toBe(planes.bytes);
    expect(planes.bytes).toBeLessThan((format === 'f32' ? 0.85 : 0.7) * plain.bytes);
    expect(highlights['planes']).toMatch(/tensors in bit planes, without loss: \d+\.\d % less than/);
  });

  test('in a format that has no bit planes is refused, with what to set', async () => {
    const wrong = chain.run('quantize', { format: 'Q4_K', encoding: 'planes' });
    await expect(wrong).rejects.toThrow(
      /nothing to be written as bit planes: only f32, f16 and bf16 [^]*are Q4_K; set format/,
    );
  });

  test('has formats by part', async () => {
    const formats = { embeddings: 'Q8_0', output: 'Q6_K' };
    const { highlights } = await chain.run('quantize', { format: 'Q4_K', formats });
    expect(await formatsOf(chain)).toMatchObject({
      'model.embed_tokens.weight': 'Q8_0',
      'lm_head.weight': 'Q6_K',
      'model.layers.0.self_attn.q_proj.weight': 'Q4_K',
      'model.layers.0.mlp.down_proj.weight': 'Q4_K',
      'model.norm.weight': 'f32',
    });
    expect(highlights['formats']).toBe('matrices: 1 Q8_0, 7 Q4_K, 1 Q6_K');
  });
});

test('rows that are no whole number of blocks have the next format, and the summary says so', async () => {
  const chain = realChain();
  await chain.runUntil('train');
  const { highlights } = await chain.run('quantize', { format: 'Q4_K' });
  const formats = Object.values(await formatsOf(chain));
  expect(new Set(formats)).toEqual(new Set(['f16', 'f32']));
  expect(highlights['formats']).toMatch(/^matrices: \d+ f16; \d+ have rows that are no whole number of blocks/);
  chain.remove();
});
