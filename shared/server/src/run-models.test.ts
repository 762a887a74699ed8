import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { resolveBackend, useBackend } from '@arrowsmith/engine';
import { type EngineOptions, findInFolder } from '@arrowsmith/generation';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Models } from './models.ts';
import { folderModel } from './run-models.ts';
import { promptOf } from './served-model.ts';

const fixture = fileURLToPath(new URL('../../../test/fixtures/gguf/llama3.gguf', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'run-models-'));
beforeAll(() => useBackend(resolveBackend('auto')));
afterAll(() => rmSync(folder, { recursive: true }));

async function served(file: string, engine: EngineOptions): Promise<Models> {
  const workspace = { root: folder } as Parameters<typeof folderModel>[0];
  return folderModel(workspace, await findInFolder(file), { engine });
}

/** The model of the fixture, as if its context were longer. */
function withContext(length: number): string {
  const bytes = readFileSync(fixture);
  const key = 'llama.context_length';
  bytes.writeUInt32LE(length, bytes.indexOf(key) + key.length + 4); // behind the type of the value
  const file = join(folder, 'long.gguf');
  writeFileSync(file, bytes);
  return file;
}

test('a file of GGUF is served by its name, with its tokenizer', async () => {
  const models = await served(fixture, { sequences: 1 });
  expect(models.list().map(({ id }) => id)).toEqual(['llama3']);
  const { encoder, config, ends, endOfText } = await models.get('llama3');
  expect(config.vocabularySize).toBeGreaterThanOrEqual(encoder.vocabularySize);
  expect(ends.has(endOfText)).toBe(true);
  await models.dispose();
});

test('of a long context, as much is served as the library does, and memory is bounded', async () => {
  const models = await served(withContext(2_000_000), { sequences: 64 });
  const model = await models.get();
  expect(model.contextLength).toBe(8192);
  expect(model.engine.state().memory.capacity).toBeLessThanOrEqual(2 ** 30);
  expect(() =>
    promptOf(
      model,
      Array.from({ length: 8193 }, () => 1),
      'prompt',
    ),
  ).toThrow('8192 tokens');
  await models.dispose();
});

test('a shorter context needs less memory, as the error of too little advises', async () => {
  const file = withContext(2048);
  const whole = await served(file, { contexts: 1 });
  const cacheBytes = (await whole.get()).engine.state().memory.capacity / 2;
  await whole.dispose();
  await expect(served(file, { cacheBytes })).rejects.toThrow(/cacheBytes[^]*contextLength/);
  const models = await served(file, { cacheBytes, contextLength: 16 });
  const model = await models.get();
  expect(model.contextLength).toBe(16);
  expect(() =>
    promptOf(
      model,
      Array.from({ length: 17 }, () => 1),
      'prompt',
    ),
  ).toThrow('maximum context length is 16');
  await models.dispose();
});
