import { mkdtempSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { booleans, bytes, fixedSizeLists, lists, numbers, optionalNumbers, strings } from './columns.ts';
import { readBatches, readMetadata } from './arrow-file.ts';
import {
  documentsTable,
  metricsTable,
  quantizedTensorsTable,
  samplesTable,
  tokensTable,
  trainingLogTable,
  vocabularyTable,
  writeTable,
} from './kinds.ts';
import { readTensors, writeTensors } from './tensors.ts';

const folder = mkdtempSync(join(tmpdir(), 'arrow-file-'));
const path = (name: string) => join(folder, name);

async function rowsOf(file: string, kind: string): Promise<unknown[]> {
  const rows: unknown[] = [];
  for await (const batch of readBatches(file, kind)) rows.push(...batch.toArray().map((row) => row?.toJSON()));
  return rows;
}

test('a table is read back with its values, batch by batch, and with its metadata', async () => {
  const file = path('documents.arrow');
  const batch = (index: number, texts: string[]) => ({
    index: numbers(Int32Array.from(texts, (_, i) => index + i)),
    text: strings(texts),
    bytes: numbers(Int32Array.from(texts, (text) => Buffer.byteLength(text))),
  });
  const { rows } = await writeTable(file, documentsTable, { split: 'train' }, [batch(0, ['a', 'ünïcödé 🦊']), batch(2, [''])]);
  expect(rows).toBe(3);
  expect(await readMetadata(file, 'documents')).toEqual({ split: 'train', kind: 'documents', version: '1' });
  const sizes: number[] = [];
  for await (const read of readBatches(file, 'documents')) sizes.push(read.numRows);
  expect(sizes).toEqual([2, 1]);
  expect(await rowsOf(file, 'documents')).toEqual([
    { index: 0, text: 'a', bytes: 1 },
    { index: 1, text: 'ünïcödé 🦊', bytes: 16 },
    { index: 2, text: '', bytes: 0 },
  ]);
});

test('columns of every type survive: nulls, booleans, bytes, lists of fixed and varying size', async () => {
  await writeTable(path('log.arrow'), trainingLogTable, {}, [
    {
      step: numbers(Int32Array.of(1, 2)),
      tokens: numbers(Float64Array.of(8, 16)),
      trainLoss: numbers(Float64Array.of(6.5, 6.25)),
      learningRate: numbers(Float64Array.of(0.001, 0.002)),
      gradientNorm: numbers(Float64Array.of(1, 2)),
      validationLoss: optionalNumbers([undefined, 6]),
    },
  ]);
  const log = (await rowsOf(path('log.arrow'), 'training-log')) as { validationLoss: number | null }[];
  expect(log.map(({ validationLoss }) => validationLoss)).toEqual([null, 6]);

  const ids = Uint16Array.of(1, 2, 3, 65535, 5, 6);
  await writeTable(path('tokens.arrow'), tokensTable(2, false), {}, [
    {
      tokens: fixedSizeLists(ids, 3),
      first: numbers(Int32Array.of(0, 0)),
      length: numbers(Int32Array.of(2, 1)),
      bytes: numbers(Int32Array.of(9, 4)),
      starts: lists([Int32Array.of(0), Int32Array.of()]),
    },
  ]);
  for await (const batch of readBatches(path('tokens.arrow'), 'tokens')) {
    expect(batch.getChild('tokens')!.get(1).toArray()).toEqual(Uint16Array.of(65535, 5, 6));
  }

  await writeTable(path('vocabulary.arrow'), vocabularyTable, {}, [
    {
      id: numbers(Int32Array.of(0, 1)),
      bytes: bytes([Uint8Array.of(0xe2, 0x82), Uint8Array.of()]),
      text: strings(['\ufffd', '']),
      special: booleans([false, true]),
    },
  ]);
  expect(await rowsOf(path('vocabulary.arrow'), 'vocabulary')).toEqual([
    { id: 0, bytes: Uint8Array.of(0xe2, 0x82), text: '\ufffd', special: false },
    { id: 1, bytes: Uint8Array.of(), text: '', special: true },
  ]);

  await writeTable(path('quantized.arrow'), quantizedTensorsTable, {}, [
    {
      name: strings(['w', 'n']),
      shape: lists([Int32Array.of(1, 2), Int32Array.of(1)]),
      format: strings(['int8', 'float32']),
      int8: lists([Int8Array.of(-127, 3), new Int8Array()]),
      scales: lists([Float32Array.of(0.5), new Float32Array()]),
      float32: lists([new Float32Array(), Float32Array.of(1)]),
    },
  ]);
  for await (const batch of readBatches(path('quantized.arrow'), 'quantized-tensors')) {
    expect(batch.getChild('int8')!.get(0).toArray()).toEqual(Int8Array.of(-127, 3));
    expect(batch.getChild('int8')!.get(1).toArray()).toEqual(Int8Array.of());
    expect(batch.getChild('float32')!.get(1).toArray()).toEqual(Float32Array.of(1));
  }
});

test('a table without rows is a valid file with a schema', async () => {
  await writeTable(path('empty.arrow'), metricsTable, { contextLength: '8' }, []);
  expect(await rowsOf(path('empty.arrow'), 'metrics')).toEqual([]);
  expect((await readMetadata(path('empty.arrow'), 'metrics'))['contextLength']).toBe('8');
});

test('equal content gives equal bytes', async () => {
  const tensors = { b: { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }, a: { shape: [1], data: Float32Array.of(5) } };
  await writeTensors(path('one.arrow'), tensors, { config: '{}' });
  await writeTensors(path('two.arrow'), tensors, { config: '{}' });
  expect(readFileSync(path('one.arrow'))).toEqual(readFileSync(path('two.arrow')));
});

test('tensors keep their order, shapes and bits', async () => {
  const values = Float32Array.of(0.1, -0, Number.MIN_VALUE, 3.4e38, Infinity, -1);
  await writeTensors(path('tensors.arrow'), { z: { shape: [2, 3], data: values }, a: { shape: [0], data: new Float32Array() } });
  const { tensors, metadata } = await readTensors(path('tensors.arrow'));
  expect(Object.keys(tensors)).toEqual(['z', 'a']);
  expect(tensors['z']).toEqual({ shape: [2, 3], data: values });
  expect(tensors['a']!.data).toHaveLength(0);
  expect(metadata['kind']).toBe('tensors');
});

test('a missing file, a truncated one, one that is not Arrow and one of another kind are told apart', async () => {
  await writeTensors(path('weights.arrow'), { w: { shape: [1000], data: new Float32Array(1000) } });
  await expect(readTensors(path('nothing.arrow'))).rejects.toThrow(/nothing\.arrow[^]*no such file/);
  truncateSync(path('weights.arrow'), 2000);
  await expect(readTensors(path('weights.arrow'))).rejects.toThrow(/truncated or not Arrow/);
  writeFileSync(path('text.arrow'), 'hello');
  await expect(readTensors(path('text.arrow'))).rejects.toThrow(/truncated or not Arrow/);
  await writeTable(path('samples.arrow'), samplesTable, {}, []);
  await expect(readTensors(path('samples.arrow'))).rejects.toThrow(/kind "tensors"[^]*found: +kind "samples"/);
});

test('a tensor that does not fill its shape is refused by name', async () => {
  await writeTensors(path('short.arrow'), { w: { shape: [3, 2], data: new Float32Array(5) } });
  await expect(readTensors(path('short.arrow'))).rejects.toThrow(/tensor w[^]*6 values[^]*5 values/);
});

test('a table of another version is refused, by the version: its columns are not those that are looked for', async () => {
  const file = path('other-version.arrow');
  await writeTable(file, { ...documentsTable, version: '7', fields: documentsTable.fields.slice(0, 1) }, { split: 'train' }, [
    { index: numbers(Int32Array.of(0)) },
  ]);
  await expect(rowsOf(file, 'documents')).rejects.toThrow(/version 7, and not 1/);
});
