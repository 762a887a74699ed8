/** @file Plain text: what is kept, what is dropped, and where running text is divided. */

import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { collect, scratchFile } from '../testing/scratch.ts';
import { readRunningText, readSeparatedText } from './text.ts';
import type { TextPart } from './text.ts';

const END = '<|endoftext|>';

async function separated(content: string | Uint8Array, separator = END, cut = false): Promise<string[]> {
  return (await collect(readSeparatedText(await scratchFile(content, cut), separator, {}))).flat();
}

test('separators go with one line break on each side; everything else is kept', async () => {
  expect(await separated(`\n  One.\n\nTwo. \n${END}\nThree.${END}Four.\n\n${END}\n\nFive.\n`)).toEqual([
    '\n  One.\n\nTwo. ',
    'Three.',
    'Four.\n',
    '\nFive.',
  ]);
});

test('Windows line breaks around separators go too, those within documents stay', async () => {
  expect(await separated(`One.\r\nTwo.\r\n${END}\r\nThree.\r\n`)).toEqual(['One.\r\nTwo.', 'Three.']);
});

test('documents of which nothing is left are no documents', async () => {
  expect(await separated(`${END}\n${END}\na\n${END}\n\n${END}\n`)).toEqual(['a']);
  expect(await separated('')).toEqual([]);
});

test('a separator with a line break takes no further line breaks with it', async () => {
  expect(await separated('One.\n\n\nTwo.\n', '\n\n')).toEqual(['One.', '\nTwo.\n']);
});

test('documents that hold neither separators nor outer line breaks come back as they were', async () => {
  const document = fc
    .string({ unit: 'binary', minLength: 1 })
    .filter((text) => !/^\ufeff|^\n|^\r\n|\n$|<\|/.test(text));
  await fc.assert(
    fc.asyncProperty(fc.array(document), async (documents) => {
      expect(await separated(documents.map((text) => `${text}\n${END}\n`).join(''))).toEqual(documents);
    }),
    { seed: 1, numRuns: 100 },
  );
});

test('the document that is cut is dropped', async () => {
  expect(await separated(`One.\n${END}\nTwo.\n${END}\nThr`, END, true)).toEqual(['One.', 'Two.']);
});

test('a cut inside a character of the dropped document is no error', async () => {
  const bytes = Buffer.from(`One.\n${END}\ncafé`);
  expect(await separated(bytes.subarray(0, -1), END, true)).toEqual(['One.']);
});

test('bytes that are not UTF-8 are reported with their place in the file', async () => {
  const bytes = Buffer.concat([Buffer.from(`One.\n${END}\ncaf`), Buffer.from([0xe9]), Buffer.from(' noir')]);
  await expect(separated(bytes)).rejects.toThrow(`corpus.txt, byte ${5 + END.length + 1 + 3}`);
});

async function running(content: string, part: TextPart, share = 0.1, cut = false): Promise<string[]> {
  return (await collect(readRunningText(await scratchFile(content, cut), part, share, {}))).flat();
}

test('running text without a split is one document, to the last byte', async () => {
  expect(await running('\nOne.\r\n\n', 'all')).toEqual(['\nOne.\r\n\n']);
  expect(await running('\ufeffOne.\n', 'all')).toEqual(['One.\n']);
  expect(await running('', 'all')).toEqual([]);
  expect(await running('', 'train')).toEqual([]);
});

test('running text is divided at the first line start of its last share', async () => {
  const lines = Array.from({ length: 100 }, (_, i) => `Line ${String(i).padStart(2, '0')}.\n`);
  expect(await running(lines.join(''), 'train')).toEqual([lines.slice(0, 91).join('')]);
  expect(await running(lines.join(''), 'validation')).toEqual([lines.slice(91).join('')]);
});

test('training and validation part together are the whole text, and both begin at a line start', async () => {
  const text = fc.array(fc.string({ unit: fc.constantFrom('a', 'é', ' '), maxLength: 8 }), { minLength: 2 });
  await fc.assert(
    fc.asyncProperty(text, fc.double({ min: 0.05, max: 0.95, noNaN: true }), async (lines, share) => {
      const content = lines.join('\n');
      fc.pre(/\n./s.test(content));
      const [train = ''] = await running(content, 'train', share);
      const [validation = ''] = await running(content, 'validation', share);
      expect(train + validation).toBe(content);
      expect(train.endsWith('\n')).toBe(true);
      expect(validation).not.toBe('');
    }),
    { seed: 1, numRuns: 100 },
  );
});

test('a text whose last lines are one long one is divided before it', async () => {
  const long = 'a'.repeat(200_000);
  expect(await running(`One.\nTwo.\n${long}`, 'train', 0.5)).toEqual(['One.\nTwo.\n']);
  expect(await running(`One.\nTwo.\n${long}`, 'validation', 0.5)).toEqual([long]);
});

test('a text of one line cannot be divided', async () => {
  await expect(running('Once upon a time.\n', 'train')).rejects.toThrow('cannot be split');
});

test('the last line of a cut text is dropped', async () => {
  expect(await running('One.\nTwo.\nThr', 'all', 0.1, true)).toEqual(['One.\nTwo.\n']);
});
