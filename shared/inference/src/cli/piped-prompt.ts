/** @file A prompt that comes from another program, by a pipe, or from a file. */
import { isUtf8 } from 'node:buffer';
import { UserError } from '@arrowsmith/errors';

/** Of a prompt: far more than any context holds. */
const MOST_BYTES = 64 * 2 ** 20;

/** Who waits for longer than this is told for what. */
const PATIENCE_MS = 2000;

/** Where a prompt comes from, as `process.stdin` is. */
type Input = AsyncIterable<unknown> & { isTTY?: boolean };

/**
 * Reads the standard input to its end, unless it is a terminal. A line break at the end is the shell's, and no part of the prompt.
 *
 * @param tell is told that it waits
 * @returns the empty string where there is nothing
 * @throws UserError for what is not UTF-8, and for more than a prompt can be
 */
export async function pipedPrompt(
  input: Input,
  {
    tell,
    signal,
    patienceMs = PATIENCE_MS,
  }: { tell: (note: string) => void; signal: AbortSignal; patienceMs?: number },
): Promise<string> {
  if (input.isTTY === true) return '';
  const waiting = setTimeout(() => {
    tell('the prompt is read from the standard input, until that ends; --prompt= gives it instead');
  }, patienceMs);
  const refuse = (found: string): UserError =>
    new UserError({
      what: 'the prompt on the standard input cannot be read',
      expected: `text in UTF-8, of at most ${MOST_BYTES} bytes`,
      found,
      fix: 'pipe text, or give the prompt as an argument',
    });
  const aborted = new Promise<never>((_, fail) => {
    signal.addEventListener('abort', () => fail(signal.reason as Error), { once: true });
  });
  const reading = async (): Promise<Buffer> => {
    const parts: Buffer[] = [];
    let bytes = 0;
    for await (const part of input) {
      const chunk = Buffer.from(part as Uint8Array);
      bytes += chunk.length;
      if (bytes > MOST_BYTES) throw refuse('more');
      parts.push(chunk);
    }
    return Buffer.concat(parts);
  };
  try {
    signal.throwIfAborted();
    const content = await Promise.race([reading(), aborted]);
    if (!isUtf8(content)) throw refuse('bytes that are not UTF-8');
    return content.toString('utf8').replace(/\r?\n$/, '');
  } finally {
    clearTimeout(waiting);
  }
}
