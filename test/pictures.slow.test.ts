/** @file Pictures and captions through the real stages: what they become, and what is refused. */
import { join } from 'node:path';
import { readBatches } from '@arrowsmith/artifacts';
import { toyPictures } from '@arrowsmith/corpus';
import { readTokenTable } from '@arrowsmith/training';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { expectError, type RealChain, realChain, TEXT } from './support/real-chain.ts';

const source = { type: 'pictures', pictures: 60, validationPictures: 8, seed: 1 } as const;
const chunk = { mode: 'documents', contextLength: 90, patchSize: 8 };
const model = { family: 'llama4', hiddenSize: 16, layers: 2, heads: 2, kvHeads: 1, intermediateSize: 16 };

let chain: RealChain;
beforeEach(async () => {
  chain = realChain();
  await chain.run('download', { source });
  await chain.run('tokenizer');
});
afterEach(() => chain.remove());

const artifact = (file: string) => join(chain.workspace.root, 'artifacts/bad', file);

async function rowsOf(file: string, kind: string): Promise<Record<string, unknown>[]> {
  const rows: Record<string, unknown>[] = [];
  for await (const batch of readBatches(artifact(file), kind))
    rows.push(...batch.toArray().map((row) => row!.toJSON()));
  return rows;
}

test('a row begins with its picture, a model learns from both and is measured on seen and held-out combinations', async () => {
  const downloaded = (await rowsOf('download/train-pictures.arrow', 'pictures'))[59]!;
  const pictures = [...toyPictures(source, 'train')];
  expect([...(downloaded['pixels'] as Iterable<number>)]).toEqual([...pictures[59]!.pixels]);

  await chain.run('chunk', chunk);
  const table = await readTokenTable(artifact('chunk/train.arrow'));
  expect(table).toMatchObject({ rows: 60, vision: { patchSize: 8, channels: 3, patches: 4 } });
  expect(table.bytes).toBe(pictures.reduce((sum, { caption }) => sum + caption.length, 0));
  const { inputs, targets, documents, patches } = await table.read([59]);
  expect(new Set(inputs.subarray(0, 5)).size).toBe(1); // four placeholders, and the end of text before the caption
  expect([...targets.subarray(0, 5)].map((target) => target >= 0)).toEqual([false, false, false, false, true]);
  expect(documents![0]).toBe(59);
  // The first patch in its first channel: the red values of the top left quarter.
  const red = Array.from({ length: 64 }, (_pixel, i) => pictures[59]!.pixels[3 * (16 * Math.floor(i / 8) + (i % 8))]!);
  expect([...patches!.subarray(0, 64)].map((value) => Math.round((value + 1) * 127.5))).toEqual(red);

  await chain.run('train', { model });
  await chain.run('quantize');
  const { highlights, meanings } = await chain.run('evaluate', { captions: 2, prompts: [] });
  const metrics = await rowsOf('evaluate/picture-metrics.arrow', 'picture-metrics');
  expect(metrics.map(({ model: name, combinations, pictures: count }) => [name, combinations, count])).toEqual([
    ['train', 'seen', 4],
    ['train', 'held-out', 4],
    ['quantize', 'seen', 4],
    ['quantize', 'held-out', 4],
  ]);
  for (const { loss, lossOfWrongPictures, lossWithoutPictures } of metrics) {
    expect(new Set([loss, lossOfWrongPictures, lossWithoutPictures]).size).toBe(3); // pictures have an effect
  }
  const captions = await rowsOf('evaluate/captions.arrow', 'captions');
  const validation = [...toyPictures(source, 'validation')];
  expect(captions).toHaveLength(8);
  for (const { document, caption } of captions) expect(caption).toBe(validation[document as number]!.caption);
  // Of captions, more are better; of losses, less.
  expect(meanings).toMatchObject({
    'train.heldOutCaptionsExact': { better: 'higher', model: 'train' },
    'quantize.seenColours': { better: 'higher', model: 'quantize' },
    'train.heldOutPictureGain': { better: 'higher', unit: 'nats per token', perToken: true },
    'train.bitsPerByte': { better: 'lower', loss: { model: 'train', measure: 'bits per byte' } },
    'quantize.perplexity': { better: 'lower', loss: { model: 'quantize', measure: 'nats per token' } },
  });
  expect(Object.keys(highlights)).toContain('captions, held-out combinations (train)');
});

test('refuses what cannot be: patches that do not fill the picture, packed rows, captions beyond the context', async () => {
  const refused = (changes: object, ...messages: RegExp[]) =>
    expectError(chain, 'chunk', chain.run('chunk', { ...chunk, ...changes }), ...messages);
  await refused({ patchSize: 5 }, /divides 16 and 16/, /chunk\.patchSize 5/);
  await refused({ mode: 'packed' }, /rows of their own/, /set chunk\.mode to documents/);
  await refused({ shuffle: 1 }, /shuffle 1/);
  await refused({ contextLength: 20, patchSize: 4 }, /picture and its caption/, /16 patches/);
});

test('refuses to filter pictures by their captions', async () => {
  for (const changes of [{ filter: { minimumBytes: 40 } }, { removeDuplicates: true }]) {
    await expect(chain.run('download', { source, ...changes })).rejects.toThrow(/pictures may share their captions/);
  }
});

test('refuses text for a model that sees, and a patch size without pictures', async () => {
  await chain.run('chunk', chunk);
  await chain.run('train', { model });
  chain.write('text.txt', TEXT);
  await chain.run('download');
  await chain.run('tokenizer');
  await expect(chain.run('chunk', { patchSize: 4 })).rejects.toThrow(
    /no pictures to cut[^]*leave chunk\.patchSize out/,
  );
  await chain.run('chunk');
  const blind = chain.run('train', {}, undefined, { step: 'blind', reads: { model: ['train'] } });
  await expect(blind).rejects.toThrow(
    /made to see[^]*expected: +pictures of 4 patches[^]*found: +text without pictures/,
  );
});
