/** @file What the regression gate reads from the artifacts of real stages. */
import { blobPath, readBatches } from '@arrowsmith/artifacts';
import { pointedArtifact, readPointer, type Pipeline } from '@arrowsmith/pipeline';
import { measure, type Measured } from '@arrowsmith/regression';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PARAMETERS, type RealChain, realChain } from './support/real-chain.ts';

const STEPS = 8;
/** In float32, also where the processor has bfloat16. */
const changes = { steps: STEPS, precision: 'f32' };
const train = { ...PARAMETERS.train, ...changes };
const pipeline: Pipeline = {
  name: 'bad',
  description: '',
  steps: Object.fromEntries(
    Object.entries({ ...PARAMETERS, train: { ...train, seed: 1 } }).map(([stage, parameters]) => [
      stage,
      { stage, parameters, inputs: {} },
    ]),
  ),
};

const find = (name: string) => (stage: string) => pointedArtifact(chain.workspace, name, stage);

let chain: RealChain;
let measured: Measured;
beforeAll(async () => {
  chain = realChain();
  await chain.runUntil('chunk');
  await chain.run('train', changes);
  await chain.run('quantize');
  await chain.run('evaluate');
  measured = await measure(chain.workspace, pipeline, find('bad'));
});
afterAll(() => chain.remove());

test('metrics are those that declare how they are guarded, with their steps', async () => {
  const evaluate = await readPointer(chain.workspace, 'bad', 'evaluate');
  expect(measured.metrics['evaluate.train.bitsPerByte']).toBe(evaluate.run.metrics['train.bitsPerByte']);
  expect(measured.metrics).not.toHaveProperty('evaluate.train.perplexity');
  expect(measured.guarded).toContainEqual({
    name: 'evaluate.train.bitsPerByte',
    label: 'bits per byte of train (evaluate)',
    rule: 'interval',
    direction: 'both',
  });
  const download = await readPointer(chain.workspace, 'bad', 'download');
  expect(measured.metrics['download.trainDocuments']).toBe(download.manifest.metadata['trainDocuments']);
  expect(measured.metrics['tokenizer.vocabularySize']).toBe(280);
  expect(measured).toMatchObject({ seed: 1, engine: { precision: 'f32' } });
});

test('what quantization costs is the difference of the bits per byte', () => {
  const { metrics } = measured;
  expect(metrics['evaluate.quantize.addedBitsPerByte']).toBe(
    metrics['evaluate.quantize.bitsPerByte']! - metrics['evaluate.train.bitsPerByte']!,
  );
});

test('the curve is the mean training loss of each quarter of the steps', async () => {
  const { manifest } = await readPointer(chain.workspace, 'bad', 'train');
  const losses: number[] = [];
  for await (const batch of readBatches(
    blobPath(chain.workspace.store, manifest.files['log.arrow']!.sha256),
    'training-log',
  )) {
    for (const row of batch) losses.push(row['trainLoss'] as number);
  }
  expect(losses).toHaveLength(STEPS);
  for (let part = 0; part < 4; part++) {
    const [a, b] = losses.slice(2 * part, 2 * part + 2) as [number, number];
    expect(measured.metrics[`train.loss${part + 1}of4`]).toBeCloseTo((a + b) / 2, 12);
  }
});

test('the stages from training on depend on how this machine computes, and the files of all are known by their digests', async () => {
  expect(measured.computed).toEqual(['train', 'quantize', 'evaluate']);
  for (const stage of Object.keys(PARAMETERS)) {
    const { manifest, run } = await readPointer(chain.workspace, 'bad', stage);
    expect(measured.artifacts[stage]).toMatchObject({ manifest: run.manifest, code: 'test' });
    expect(Object.keys(measured.artifacts[stage]!.files)).toEqual(Object.keys(manifest.files));
  }
});

test('the digest of the merges is the same for the same merges, and another with one merge more', async () => {
  const digest = async () => (await measure(chain.workspace, pipeline, find('bad'))).digests['tokenizer.merges'];
  await chain.run('tokenizer', { vocabularySize: 281 });
  expect(await digest()).toMatch(/^[0-9a-f]{64}$/);
  expect(await digest()).not.toBe(measured.digests['tokenizer.merges']);
  await chain.run('tokenizer', { endOfText: '<|endoftext|>' });
  expect(await digest()).toBe(measured.digests['tokenizer.merges']);
});

test('a pipeline that has not run is an error that says what to run', async () => {
  await expect(measure(chain.workspace, { ...pipeline, name: 'other' }, find('other'))).rejects.toThrow(
    /npx nx run download:other/,
  );
});
