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

/** The model of the fixture with another value of its metadata, a number of 32 bits. */
function changed(key: string, value: number): string {
  const bytes = readFileSync(fixture);
  bytes.writeUInt32LE(value, bytes.indexOf(key) + key.length + 4); // behind the type of the value
  const file = join(folder, 'changed.gguf');
  writeFileSync(file, bytes);
  return file;
}

test('a file of GGUF is served by its name, with its tokenizer', async () => {
  const models = await served(fixture, { sequences: 1 });
  expect(models.list().map(({ id }) => id)).toEqual(['llama3']);
  const { encoder, config, ends, beginOfText } = await models.get('llama3');
  expect(config.vocabularySize).toBeGreaterThanOrEqual(encoder.vocabularySize);
  expect(ends.has(beginOfText)).toBe(true);
  await models.dispose();
});

test('a text stands behind the token that the model’s tokenizer puts before one, and not behind the one that ends it', async () => {
  const models = await served(changed('tokenizer.ggml.bos_token_id', 0), { sequences: 1 });
  const model = await models.get();
  expect(promptOf(model, 'a', 'prompt').ids[0]).toBe(0);
  await models.dispose();
});

/** The model of the fixture, as if its context were longer. */
const withContext = (length: number): string => changed('llama.context_length', length);

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
