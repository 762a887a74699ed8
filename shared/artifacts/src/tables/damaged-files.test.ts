/** @file Every reader of Arrow files in front of damaged ones: what it gave before, other values, or one clear error; never a raw one. */
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '@arrowsmith/errors';
import { beforeAll, expect, test } from 'vitest';
import { readBatches, readMetadata, readSchema } from './arrow-file.ts';
import { booleans, bytes, numbers, strings } from './columns.ts';
import { decodeArrow } from './decode-arrow.ts';
import { readTextBatches } from './documents.ts';
import { documentsTable, metricsTable, vocabularyTable, writeTable } from './kinds.ts';
import { readPlainTable } from './plain-table.ts';
import { openTensors } from './tensor-file.ts';
import { readTensors, writeTensors } from './tensors.ts';

const folder = mkdtempSync(join(tmpdir(), 'damaged-'));
const file = (name: string): string => join(folder, `${name}.arrow`);

beforeAll(async () => {
  await writeTensors(file('tensors'), {
    a: { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
    b: { shape: [2], data: Float32Array.of(7, 8) },
  });
  const texts = ['one', 'two – ü', ''];
  const index = numbers(Int32Array.from([0, 1, 2]));
  await writeTable(file('documents'), documentsTable, { split: 'train' }, [
    { index, text: strings(texts), bytes: numbers(Int32Array.from([3, 9, 0])) },
    { index, text: strings(texts), bytes: numbers(Int32Array.from([3, 9, 0])) },
  ]);
  await writeTable(file('vocabulary'), vocabularyTable, { pattern: 'x' }, [
    {
      id: index,
      bytes: bytes([Uint8Array.of(1), Uint8Array.of(2, 255), Uint8Array.of()]),
      text: strings(texts),
      special: booleans([true, false, false]),
    },
  ]);
  const value = numbers(Float64Array.of(1.5));
  const columns = ['tokens', 'bytes', 'loss', 'perplexity', 'bitsPerByte', 'weightBytes'].map((name) => [name, value]);
  await writeTable(file('metrics'), metricsTable, {}, [{ model: strings(['float32']), ...Object.fromEntries(columns) }]);
});

async function readAll(path: string, kind: string): Promise<void> {
  for await (const batch of readBatches(path, kind)) {
    for (const { name } of batch.schema.fields)
      for (let row = 0; row < batch.numRows; row++) JSON.stringify(batch.getChild(name)!.get(row), (_, value) => String(value));
  }
}

const READERS: [string, string, (path: string) => Promise<unknown>][] = [
  ['tensors', 'readTensors', readTensors],
  [
    'tensors',
    'openTensors',
    async (path) => {
      const { shapes, read, readRows } = await openTensors(path);
      for (const [name, shape] of shapes) if (shape.length > 1) [read(name), readRows(name, [0])];
    },
  ],
  ['documents', 'readBatches', (path) => readAll(path, 'documents')],
  [
    'documents',
    'readTextBatches',
    async (path) => {
      for await (const { bytes: all, offsets } of readTextBatches(path))
        for (let i = 1; i < offsets.length; i++) Buffer.from(all.subarray(offsets[i - 1], offsets[i])).toString();
    },
  ],
  ['documents', 'readSchema', readSchema],
  ['vocabulary', 'readBatches', (path) => readAll(path, 'vocabulary')],
  ['vocabulary', 'readPlainTable', (path) => readPlainTable(path, () => true)],
  ['metrics', 'readMetadata', (path) => readMetadata(path, 'metrics')],
  ['metrics', 'readPlainTable', (path) => readPlainTable(path, () => true)],
];

/** @returns what is wrong with how a reader took a damaged file; undefined where nothing is */
async function failure(read: (path: string) => Promise<unknown>, path: string): Promise<string | undefined> {
  try {
    await read(path);
    return undefined;
  } catch (error) {
    if (error instanceof UserError && error.message.includes(path) && error.parts.fix !== undefined) return undefined;
    return String((error as Error).stack);
  }
}

test.each(READERS)('%s: %s of a file with a flipped bit or without its end', async (name, _, read) => {
  const sound = readFileSync(file(name));
  const path = file('damaged');
  const failures: string[] = [];
  expect(await failure(read, file(name))).toBeUndefined();
  const look = async (content: Uint8Array, what: string): Promise<void> => {
    writeFileSync(path, content);
    const failed = await failure(read, path);
    if (failed !== undefined) failures.push(`${what}: ${failed}`);
  };
  for (let bit = 0; bit < 8 * sound.length; bit += 41) {
    const damaged = Buffer.from(sound);
    damaged[bit >> 3]! ^= 1 << (bit & 7);
    await look(damaged, `bit ${bit}`);
  }
  for (let length = 0; length < sound.length; length += 97) await look(sound.subarray(0, length), `${length} bytes`);
  expect(failures.slice(0, 3)).toEqual([]);
});

test.each(READERS)('%s: %s of a folder, of nothing, and of text', async (_, __, read) => {
  mkdirSync(join(folder, 'a-folder'), { recursive: true });
  await expect(read(join(folder, 'a-folder'))).rejects.toThrow(/cannot read .*a-folder[^]*found: +a folder/);
  await expect(read(join(folder, 'nothing'))).rejects.toThrow(/cannot read .*nothing[^]*found: +no such file/);
  writeFileSync(join(folder, 'text'), 'x'.repeat(500));
  await expect(read(join(folder, 'text'))).rejects.toThrow(/truncated or not Arrow/);
});

test('a table in memory, cut off anywhere, gives the record batches before the cut', async () => {
  const sound = readFileSync(file('documents'));
  const rows: number[] = [];
  for (let length = 8; length < sound.length; length += 13) {
    const { batches } = await decodeArrow(sound.subarray(0, length), documentsTable);
    rows.push(batches.reduce((sum, { numRows }) => sum + numRows, 0));
  }
  expect([...new Set(rows)]).toEqual([0, 3, 6]);
});

test('without a column that its kind has, a table is refused by that name', async () => {
  const fewer = { ...documentsTable, fields: documentsTable.fields.slice(0, 2) };
  await writeTable(file('fewer'), fewer, {}, [{ index: numbers(Int32Array.of(0)), text: strings(['x']) }]);
  await expect(readAll(file('fewer'), 'documents')).rejects.toThrow(/there is no column bytes of type Int32/);
});
