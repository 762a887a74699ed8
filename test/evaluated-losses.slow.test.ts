/** @file What the stage `evaluate` keeps for comparisons, through the real stages: sums by document and by position, and what was evaluated. */
import { join } from 'node:path';
import { readBatches } from '@arrowsmith/artifacts';
import { readPointer } from '@arrowsmith/pipeline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { realChain, type RealChain, TEXT } from './support/real-chain.ts';

let chain: RealChain;
beforeAll(async () => {
  chain = realChain();
  await chain.runUntil('tokenizer');
});
afterAll(() => chain.remove());

async function column(stage: string, file: string, kind: string, name: string): Promise<unknown[]> {
  const values: unknown[] = [];
  for await (const batch of readBatches(join(chain.workspace.root, 'artifacts/bad', stage, file), kind))
    for (const value of batch.getChild(name)!) values.push(value);
  return values;
}

/** Runs from `chunk` on and returns what `evaluate` says, of the trained model. */
async function evaluate(chunk: object, tokenizer = {}) {
  await chain.run('tokenizer', tokenizer);
  await chain.run('chunk', chunk);
  for (const stage of ['train', 'quantize'] as const) await chain.run(stage);
  const { metrics } = await chain.run('evaluate', { prompts: ['The'] });
  const { manifest } = await readPointer(chain.workspace, 'bad', 'evaluate');
  const numbers = async (file: string, kind: string, name: string): Promise<number[]> => {
    const models = await column('evaluate', file, kind, 'model');
    const values = (await column('evaluate', file, kind, name)) as number[];
    return values.filter((_, row) => models[row] === 'train');
  };
  return { metrics, metadata: manifest.metadata, numbers };
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

test.each([
  ['packed', { mode: 'packed' }],
  ['in rows of their own', { mode: 'documents' }],
  ['in windows that overlap', { mode: 'windows', stride: 5 }],
])('losses of documents %s add up to the loss of the split, and each document has its bytes', async (_rows, chunk) => {
  const { metrics, metadata, numbers } = await evaluate(chunk);
  const documents = (name: string) => numbers('documents.arrow', 'document-losses', name);
  const positions = (name: string) => numbers('positions.arrow', 'position-losses', name);
  const bytes = (await column('download', 'validation.arrow', 'documents', 'bytes')) as number[];
  expect(bytes.length).toBeGreaterThan(1);
  expect(await documents('bytes')).toEqual(bytes);
  expect(await documents('document')).toEqual(bytes.map((_, i) => i));
  expect(metadata['documents']).toBe(bytes.length);
  const [nats, tokens] = [sum(await documents('nats')), sum(await documents('tokens'))];
  // The same float32 losses, added in another order in float64.
  expect(Math.abs(nats / tokens / metrics['train.loss']! - 1)).toBeLessThan(1e-12);
  expect(await positions('position')).toEqual(Array.from({ length: 16 }, (_, i) => i));
  expect(sum(await positions('tokens'))).toBe(tokens);
  expect(Math.abs(sum(await positions('nats')) / nats - 1)).toBeLessThan(1e-12);
});

test('the fingerprint of the text is the same whatever tokens and rows it is cut into, and another for another text', async () => {
  const base = (await evaluate({})).metadata;
  const rows = (await evaluate({ mode: 'windows', contextLength: 20 })).metadata;
  const tokens = (await evaluate({}, { vocabularySize: 270 })).metadata;
  expect(base['evaluatedText']).toMatch(/^[0-9a-f]{64}$/);
  expect([rows['evaluatedText'], tokens['evaluatedText']]).toEqual([base['evaluatedText'], base['evaluatedText']]);
  expect(rows['tokenizer']).toBe(base['tokenizer']);
  expect(tokens['tokenizer']).not.toBe(base['tokenizer']);
  chain.write('text.txt', TEXT.replaceAll('mats', 'hats'));
  await chain.run('download');
  expect((await evaluate({})).metadata['evaluatedText']).not.toBe(base['evaluatedText']);
});
