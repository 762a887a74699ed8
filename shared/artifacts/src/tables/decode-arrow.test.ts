import { Table, Utf8, vectorFromArray } from 'apache-arrow';
import { expect, test } from 'vitest';
import { readTexts } from './decode-arrow.ts';

test.each<[string, (string | null)[]]>([
  ['that repeat', ['linux x64', 'linux x64', 'linux x64', 'darwin arm64', 'linux x64']],
  ['of equal length and of equal end', ['run-a', 'run-b', 'bun-b', 'a', '']],
  ['that are empty', ['', '', 'x', '', '']],
  ['beyond ASCII', ['„ü“ 🐈', '„ü“ 🐈', '„ü“ 🐕']],
  ['that are missing here and there', [null, 'x', null, 'x', '', null]],
  ['that are all missing', [null, null]],
])('texts %s are read as they were written', (_, texts) => {
  const [batch] = new Table({ text: vectorFromArray(texts, new Utf8()) }).batches;
  const read = readTexts(batch!, 'text');
  expect(texts.map((_, row) => read(row))).toEqual(texts);
});

test('a column that is not there, or not of texts, is an error that names it', () => {
  const [batch] = new Table({ number: vectorFromArray([1, 2]) }).batches;
  for (const name of ['number', 'nothing']) expect(() => readTexts(batch!, name)).toThrow(name);
});
