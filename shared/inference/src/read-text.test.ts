/** @file Tests of text files for a model: whole, their beginning, and what is no text. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readText } from './read-text.ts';

let folder: string;
let path: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'text-'));
  path = join(folder, 'text.txt');
});
afterAll(() => rmSync(folder, { recursive: true }));

test('a text is read whole, or so many bytes of it, of which none are half of a character', async () => {
  const text = 'aé漢🐈z';
  writeFileSync(path, text);
  expect(await readText(path)).toEqual({ text, bytes: 11 });
  const beginnings = ['a', 'a', 'aé', 'aé', 'aé', 'aé漢', 'aé漢', 'aé漢', 'aé漢', 'aé漢🐈', text, text];
  for (const [i, expected] of beginnings.entries()) {
    expect(await readText(path, i + 1), `${i + 1} bytes`).toEqual({
      text: expected,
      bytes: Buffer.byteLength(expected),
    });
  }
});

test('what is no text is refused', async () => {
  await expect(readText(join(folder, 'none'))).rejects.toThrow(/no such file/);
  await expect(readText(folder)).rejects.toThrow(/a folder/);
  writeFileSync(path, '');
  await expect(readText(path)).rejects.toThrow(/an empty file/);
  writeFileSync(path, Buffer.from([0x61, 0xff, 0x62]));
  await expect(readText(path)).rejects.toThrow(/not UTF-8(.|\n)*iconv/);
});
