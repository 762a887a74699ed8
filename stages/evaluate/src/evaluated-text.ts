/** @file What was evaluated: a fingerprint of the text itself, whatever tokens it was cut into, so that losses are compared over the same text only. */
import { createHash } from 'node:crypto';
import type { TokenTable } from '@arrowsmith/training';

/** Rows read at once. */
const BATCH_ROWS = 64;

export interface EvaluatedText {
  /** SHA-256 over each document's UTF-8 bytes and, as 32 bits, their number. */
  sha256: string;
  documents: number;
}

/**
 * Reads the text of a split back from its tokens.
 * @param textOf the bytes that a token stands for; none for special tokens
 */
export async function fingerprintText(
  rows: TokenTable,
  textOf: (id: number) => Uint8Array,
  signal?: AbortSignal,
): Promise<EvaluatedText> {
  const hash = createHash('sha256');
  let document = -1;
  let length = 0;
  const end = (): void => {
    if (document >= 0) hash.update(Buffer.from(Uint32Array.of(length).buffer));
    length = 0;
  };
  for (let start = 0; start < rows.rows; start += BATCH_ROWS) {
    signal?.throwIfAborted();
    const indices = Array.from({ length: Math.min(BATCH_ROWS, rows.rows - start) }, (_, i) => start + i);
    const { targets, documents } = await rows.read(indices);
    let pieces: Uint8Array[] = [];
    for (const [i, target] of targets.entries()) {
      if (target < 0) continue;
      if (documents![i] !== document) {
        hash.update(Buffer.concat(pieces));
        pieces = [];
        end();
        document = documents![i]!;
      }
      const bytes = textOf(target);
      pieces.push(bytes);
      length += bytes.length;
    }
    hash.update(Buffer.concat(pieces));
  }
  end();
  return { sha256: hash.digest('hex'), documents: document + 1 };
}
