import { mkdtempSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openTensors } from './tensor-file.ts';
import { writeTensors } from './tensors.ts';

const folder = mkdtempSync(join(tmpdir(), 'tensors-'));
const tensors = {
  'a.weight': { shape: [3, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
  ä: { shape: [1], data: Float32Array.of(0.5) },
  'table.weight': { shape: [4, 3], data: Float32Array.from({ length: 12 }, (_, i) => i / 4) },
};

test('tensors and rows of them are read at their places', async () => {
  const path = join(folder, 'weights.arrow');
  await writeTensors(path, tensors, { config: '{}' });
  const file = await openTensors(path);
  expect(file.metadata['config']).toBe('{}');
  expect([...file.shapes]).toEqual(Object.entries(tensors).map(([name, { shape }]) => [name, shape]));
  for (const [name, { data }] of Object.entries(tensors)) expect(file.read(name)).toEqual(data);
  expect(file.readRows('table.weight', [3, 0, 3])).toEqual(
    Float32Array.of(2.25, 2.5, 2.75, 0, 0.25, 0.5, 2.25, 2.5, 2.75),
  );
  expect(file.readRows('table.weight', [])).toEqual(new Float32Array(0));
});

test('a file that is truncated, or of another kind, is refused', async () => {
  const path = join(folder, 'cut.arrow');
  await writeTensors(path, tensors);
  truncateSync(path, 600);
  await expect(openTensors(path)).rejects.toThrow(/cut\.arrow/);
  await expect(openTensors('package.json')).rejects.toThrow(/package\.json/);
});
