import { fileURLToPath } from 'node:url';
import { resolveBackend, useBackend } from '@arrowsmith/engine';
import { findInFolder } from '@arrowsmith/generation';
import { expect, test } from 'vitest';
import { folderModel } from './run-models.ts';

const fixtures = fileURLToPath(new URL('../../../test/fixtures/gguf/', import.meta.url));

test('a file of GGUF is served by its name, with its tokenizer', async () => {
  await useBackend(resolveBackend('auto'));
  const files = await findInFolder(`${fixtures}llama3.gguf`);
  const models = await folderModel({ root: fixtures } as Parameters<typeof folderModel>[0], files, {
    engine: { sequences: 1 },
  });
  expect(models.list().map(({ id }) => id)).toEqual(['llama3']);
  const { encoder, config, ends, endOfText } = await models.get('llama3');
  expect(config.vocabularySize).toBeGreaterThanOrEqual(encoder.vocabularySize);
  expect(ends.has(endOfText)).toBe(true);
  await models.dispose();
});
