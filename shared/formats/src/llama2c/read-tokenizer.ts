/** @file Reads llama2.c's tokenizer.bin, which write-tokenizer.ts describes. How many tokens there are only its model says. */
import { fileCursor, InvalidFile, withFile } from '../file-cursor.ts';
import type { Llama2cToken } from './write-tokenizer.ts';

/** Of a token: what the longest of published vocabularies have many times over. */
const LONGEST = 64 * 1024;
/** Of a whole file. */
const MOST_BYTES = 256 * 2 ** 20;

/**
 * The tokens of a file.
 *
 * @param count of tokens, which the model has embeddings for
 * @throws UserError for a file that is missing or truncated, has more tokens, or a token that is longer than the file says the longest is
 */
export function readLlama2cTokenizer(path: string, count: number): Llama2cToken[] {
  return withFile(path, 'a tokenizer.bin of llama2.c', (descriptor, size) => {
    const cursor = fileCursor(descriptor, size, MOST_BYTES);
    const longest = cursor.int32('the length of the longest token');
    if (longest < 0 || longest > LONGEST) {
      throw new InvalidFile('is no tokenizer of llama2.c', `a longest token of at most ${LONGEST} bytes`, `${longest}`);
    }
    if (8 * count > cursor.left()) {
      throw new InvalidFile('is truncated, or of another model', `${count} tokens`, `${cursor.left()} bytes for them`);
    }
    const tokens: Llama2cToken[] = [];
    for (let id = 0; id < count; id++) {
      const what = `token ${id}`;
      const score = cursor.bytes(4, what).readFloatLE();
      const length = cursor.int32(what);
      if (length < 0 || length > longest) {
        throw new InvalidFile('is damaged', `${what} of at most ${longest} bytes, as it says`, `${length} bytes`);
      }
      tokens.push({ text: cursor.bytes(length, what), score });
    }
    if (cursor.left() > 0)
      throw new InvalidFile('is of another model', `${count} tokens`, `${cursor.left()} bytes more`);
    return tokens;
  });
}
