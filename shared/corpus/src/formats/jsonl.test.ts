/** @file JSON Lines. */

import { expect, test } from 'vitest';
import { collect, scratchFile } from '../testing/scratch.ts';
import { readJsonl } from './jsonl.ts';

async function read(content: string | Uint8Array, { field = 'text', cut = false } = {}): Promise<string[]> {
  return (await collect(readJsonl(await scratchFile(content, cut), field, {}))).flat();
}

test('the field of each line is a document, exactly as JSON spells it', async () => {
  const documents = ['One.\n', ' café 🐉 \u2028', 'a\\b"c'];
  expect(await read(documents.map((text) => JSON.stringify({ text, id: 1 })).join('\n'))).toEqual(documents);
  expect(await read('{"text":"\\u0063af\\u00e9 \\ud83d\\udc09"}\r\n')).toEqual(['café 🐉']);
  expect(await read('{"story":"One."}', { field: 'story' })).toEqual(['One.']);
});

test('blank lines, nulls and empty texts are no documents', async () => {
  expect(await read('\n{"text":"a"}\n\n{"text":null}\n{"text":""}\n  \n')).toEqual(['a']);
});

test.each([
  ['not JSON', '{"text":"a"}\n{"text": a}\n', /corpus\.txt:2: not JSON/],
  ['not an object', '["a"]\n', /corpus\.txt:1: not a JSON object/],
  ['without the field', '\n{"story":"a","id":1}', /corpus\.txt:2: no text in the field "text"[^]*story, id/],
  ['a number', '{"text":1}', /corpus\.txt:1: no text[^]*type number/],
  ['half a surrogate pair', '{"text":"\\ud83d"}', /corpus\.txt:1: the text is not Unicode/],
])('a line that is %s is an error that names it', async (_, content, message) => {
  await expect(read(content)).rejects.toThrow(message);
});

test('a field that every object inherits is not taken for one', async () => {
  await expect(read('{"id":1}', { field: 'constructor' })).rejects.toThrow('no text in the field "constructor"');
});

test('bytes that are not UTF-8 are reported with their place', async () => {
  const bytes = Buffer.concat([Buffer.from('{"text":"a"}\n{"text":"'), Buffer.from([0xe9]), Buffer.from('"}')]);
  await expect(read(bytes)).rejects.toThrow('corpus.txt, byte 22');
});

test('the line that is cut is dropped', async () => {
  expect(await read('{"text":"a"}\n{"te', { cut: true })).toEqual(['a']);
});
