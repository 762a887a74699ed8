/**
 * @file llama2.c's tokenizer.bin (tokenizer.py and run.c), little-endian: int32 bytes of the longest token; then of each id its score (float32), the
 * bytes of its text (int32) and these. run.c merges, of all neighbours, those whose joint text has the highest score.
 */

/** A token of the file. */
export interface Llama2cToken {
  text: Uint8Array;
  score: number;
}

/** The bytes of the file. */
export function llama2cTokenizer(tokens: readonly Llama2cToken[]): Uint8Array {
  const longest = tokens.reduce((most, { text }) => Math.max(most, text.length), 0);
  const head = Buffer.alloc(4);
  head.writeInt32LE(longest);
  const parts = tokens.flatMap(({ text, score }) => {
    const numbers = Buffer.alloc(8);
    numbers.writeFloatLE(score, 0);
    numbers.writeInt32LE(text.length, 4);
    return [numbers, text];
  });
  return Buffer.concat([head, ...parts]);
}
