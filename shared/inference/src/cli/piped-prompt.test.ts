import { PassThrough, Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { pipedPrompt } from './piped-prompt.ts';

const signal = new AbortController().signal;
const tell = (): void => undefined;

/** What is read of bytes that come one by one. */
const read = (bytes: Uint8Array) =>
  pipedPrompt(Readable.from([...bytes].map((byte) => Buffer.of(byte))), { tell, signal });

test.each([
  ['Once upon a time\n', 'Once upon a time'],
  ['“Fuchs”\r\n', '“Fuchs”'],
  ['two\n\n', 'two\n'],
  [' no line', ' no line'],
  ['', ''],
])('%j is the prompt %j', async (piped, prompt) => {
  expect(await read(Buffer.from(piped))).toBe(prompt);
});

test('a terminal is not read', async () => {
  const terminal = Object.assign(new PassThrough(), { isTTY: true });
  expect(await pipedPrompt(terminal, { tell, signal })).toBe('');
});

test('what is not UTF-8 is refused', async () => {
  await expect(read(Buffer.of(0x61, 0xff))).rejects.toThrow(/not UTF-8/);
});

test('who waits is told for what, and a signal ends it', async () => {
  const controller = new AbortController();
  const told: string[] = [];
  const note = (line: string): void => {
    told.push(line);
    controller.abort(new Error('stopped'));
  };
  const work = pipedPrompt(new PassThrough(), { tell: note, signal: controller.signal, patienceMs: 1 });
  await expect(work).rejects.toThrow('stopped');
  expect(told).toEqual([expect.stringContaining('standard input')]);
});
