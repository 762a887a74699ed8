/** @file That what `export` writes is read as the same over HTTP, and what is damaged is not. */
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeStored } from '@arrowsmith/quantization';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bytesTokenizer, randomModel, sourceOf } from '../random-model.ts';
import { serveFolder } from '../serve-folder.ts';
import { writeModelFiles } from '../write-model.ts';
import { readFolder } from './read-folder.ts';

let folder: string;
let server: Awaited<ReturnType<typeof serveFolder>>;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'web-'));
  server = await serveFolder(folder);
});
afterEach(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

const model = randomModel('qwen3-moe');
const written = (precision?: string) => writeModelFiles(folder, sourceOf(model), { name: 'small', precision });
const read = () => readFolder(new URL(server.url));

test('weights come back bit for bit, and configuration, tokenizer and name with them', async () => {
  expect(await written()).toMatchObject({ precision: 'f32' });
  const progress: [number, number][] = [];
  const found = await readFolder(new URL(server.url), (...each) => progress.push(each));
  expect(found).toMatchObject({ name: 'small', precision: 'f32', endOfText: 256, config: model.config });
  expect(found.tokenizer.vocabulary).toEqual(bytesTokenizer.vocabulary);
  for (const name of found.names) expect(decodeStored(found.read(name)), name).toEqual(model.weights[name]?.data);
  const bytes = readFileSync(join(folder, 'model.safetensors')).length;
  expect(progress.at(-1)).toEqual([bytes, bytes]);
});

// Half a unit of the last place of the largest weight; the scales of Q8_0 are rounded as f16, too.
test.each([
  ['f16', 2 ** -11],
  ['bf16', 2 ** -8],
  ['Q8_0', 1 / 254 + 2 ** -11],
  ['int8', 1 / 254],
])('%s: matrices are near, the rest is exact', async (precision, error) => {
  await written(precision);
  const found = await read();
  for (const name of found.names) {
    const { data } = model.weights[name] ?? { data: new Float32Array() };
    const values = decodeStored(found.read(name));
    const isMatrix = !name.endsWith('norm.weight');
    const largest = data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const worst = data.reduce((most, value, i) => Math.max(most, Math.abs(value - (values[i] ?? NaN))), 0);
    expect(worst, name).toBeLessThanOrEqual(isMatrix ? 1.001 * error * largest : 0); // which is itself computed in float32
  }
});

test('a file that is not there, not whole, or another one is an error that says which', async () => {
  await expect(read()).rejects.toThrow(/cannot be read[^]*config\.json[^]*404/);
  await written('Q8_0');
  const config = readFileSync(join(folder, 'config.json'), 'utf8');
  writeFileSync(join(folder, 'config.json'), '{"name": "x"}');
  await expect(read()).rejects.toThrow(/description of the model[^]*config\.json[^]*endOfText/);
  writeFileSync(join(folder, 'config.json'), '<!doctype html>');
  await expect(read()).rejects.toThrow(/description of the model[^]*export the model again/);
  writeFileSync(join(folder, 'config.json'), config.replaceAll('"Q8_0"', '"Q9_9"'));
  await expect(read()).rejects.toThrow(/weights cannot be read[^]*Q9_9/);
  writeFileSync(join(folder, 'config.json'), config);
  truncateSync(join(folder, 'model.safetensors'), 5000);
  await expect(read()).rejects.toThrow(/model\.safetensors[^]*truncated/);
});
