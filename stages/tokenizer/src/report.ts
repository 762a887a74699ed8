/** @file How well a tokenizer fits a text, and proof that no text is lost. */
import { setImmediate } from 'node:timers/promises';
import {
  createByteEncoder,
  createEncoder,
  createIdBuffer,
  createPreTokenVisitor,
  isLossless,
  type BpeModel,
  type TextBatch,
} from '@arrowsmith/bpe';

/** What a tokenizer makes of a text. */
export interface TokenizerReport {
  documents: number;
  /** Of UTF-8. */
  bytes: number;
  tokens: number;
  /** Pre-tokens, by occurrences. */
  words: number;
  /** Words that are one token. */
  wholeWords: number;
  /** Documents that decode to themselves, in the normal form that the tokenizer gives them where it does nothing else. */
  roundTrips: number;
}

/**
 * Encodes and decodes every document.
 * @throws Error where a document does not decode to itself (in the normal form that the tokenizer gives it) although the tokenizer
 *   loses nothing else: a defect
 */
export async function measureTokenizer(
  model: BpeModel,
  batches: AsyncIterable<TextBatch> | Iterable<TextBatch>,
  { signal, onDocuments }: { signal?: AbortSignal; onDocuments?: (done: number) => void } = {},
): Promise<TokenizerReport> {
  const encode = createByteEncoder(model);
  const { decode } = createEncoder(model);
  const forEachWord = createPreTokenVisitor(model);
  const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
  const form = normalFormOf(model);
  const normalized = (text: string) => (form === undefined ? text : text.normalize(form));
  const mustComeBack = isLossless(form === undefined ? model : { ...model, normalizers: [] });
  const ids = createIdBuffer(1024);
  const report: TokenizerReport = { documents: 0, bytes: 0, tokens: 0, words: 0, wholeWords: 0, roundTrips: 0 };
  let lastPause = performance.now();

  for await (const { bytes, offsets } of batches) {
    for (let i = 1; i < offsets.length; i++) {
      const [start, end] = [offsets[i - 1]!, offsets[i]!];
      ids.length = 0;
      encode(bytes, start, end, ids);
      report.tokens += ids.length;
      report.bytes += end - start;
      const text = utf8.decode(bytes.subarray(start, end));
      const decoded = decode(ids.ids.subarray(0, ids.length));
      if (decoded === text || normalized(decoded) === normalized(text)) report.roundTrips++;
      else if (mustComeBack) {
        throw new Error(`the tokenizer is defective: document ${report.documents} does not decode to itself`);
      }
      forEachWord(bytes, start, end, (piece, from, to) => {
        ids.length = 0;
        encode(piece, from, to, ids);
        report.words++;
        if (ids.length === 1) report.wholeWords++;
      });
      report.documents++;
      if (performance.now() - lastPause < 100) continue;
      onDocuments?.(report.documents);
      await setImmediate();
      signal?.throwIfAborted();
      lastPause = performance.now();
    }
  }
  return report;
}

/** The Unicode normal form that is all of a tokenizer's normalization; undefined where there is none, or more. */
export function normalFormOf({ normalizers = [] }: BpeModel): 'NFC' | 'NFD' | 'NFKC' | 'NFKD' | undefined {
  const [first, ...more] = normalizers;
  switch (more.length === 0 ? first?.type : undefined) {
    case 'NFC':
    case 'NFD':
    case 'NFKC':
    case 'NFKD':
      return first!.type as 'NFC';
  }
  return undefined;
}

/** The longest ordinary tokens, in bytes; the first of the vocabulary among those of equal length. */
export function longestTokens({ vocabulary, specialTokens }: BpeModel, count: number): Uint8Array[] {
  const special = new Set(specialTokens.map(({ id }) => id));
  return vocabulary
    .filter((_, id) => !special.has(id))
    .sort((a, b) => b.length - a.length) // stable
    .slice(0, count);
}
