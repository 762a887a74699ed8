/** @file Tests of pretrained tokenizers. */
import { mkdtempSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { textBatches, toTokenizerJson, trainBpe } from '@arrowsmith/bpe';
import { UserError } from '@arrowsmith/errors';
import { expect, test } from 'vitest';
import declaration from './declaration.ts';
import { readPretrained } from './pretrained.ts';
import { resolveTokenizer } from './resolve.ts';

const root = mkdtempSync(join(tmpdir(), 'pretrained-'));
const asked = declaration.parameters.parse({ file: 'pretrained.json' });
const options = { vocabularySize: 260, pattern: 'llama3', specialTokens: ['<s>', '</s>'] } as const;

test('the content of the file is part of the parameters, and what is read', async () => {
  const model = await trainBpe(textBatches(['the cat the hat']), options);
  writeFileSync(join(root, 'pretrained.json'), toTokenizerJson(model));
  const { parameters } = await resolveTokenizer(asked, { root });
  expect(parameters.file).toEqual({ path: 'pretrained.json', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
  expect(await readPretrained(root, parameters.file!)).toEqual(model);

  writeFileSync(join(root, 'pretrained.json'), `${toTokenizerJson(model)}\n`);
  const changed = await resolveTokenizer(asked, { root });
  expect(changed.parameters.file!.sha256).not.toBe(parameters.file!.sha256);
  await expect(readPretrained(root, parameters.file!)).rejects.toThrow('changed while the stage ran');
});

test('a file that is not there, and one of another kind, are errors that say where', async () => {
  const missing = resolveTokenizer({ ...asked, file: 'nowhere.json' }, { root });
  await expect(missing).rejects.toThrow(UserError);
  await expect(missing).rejects.toThrow(/nowhere\.json[^]*no such file/);

  writeFileSync(join(root, 'unigram.json'), JSON.stringify({ model: { type: 'Unigram', vocab: [] } }));
  const { parameters } = await resolveTokenizer({ ...asked, file: 'unigram.json' }, { root });
  await expect(readPretrained(root, parameters.file!)).rejects.toThrow(/unigram\.json[^]*a Unigram model/);
});

test('a folder, bytes that are not UTF-8, and a file too large are errors before anything is run', async () => {
  const read = (file: string) => resolveTokenizer({ ...asked, file }, { root });
  await expect(read('.')).rejects.toThrow(/no file, but a folder/);
  writeFileSync(join(root, 'bytes.json'), Uint8Array.of(0x22, 0xff, 0x22));
  await expect(read('bytes.json')).rejects.toThrow(/not UTF-8/);
  writeFileSync(join(root, 'large.json'), '');
  truncateSync(join(root, 'large.json'), 2 ** 28 + 1);
  await expect(read('large.json')).rejects.toThrow(/268435457 bytes/);
});

test('without a file the parameters stay as they are, and the result may be cached', async () => {
  const { file: _, ...training } = asked;
  expect(await resolveTokenizer(training, { root })).toEqual({ parameters: training });
  expect(declaration.cacheable!(training)).toBe(true);
  expect(declaration.cacheable!(asked)).toBe(false);
});
