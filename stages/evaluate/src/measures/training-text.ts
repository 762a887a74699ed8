/** @file Reads the training text once, for all that is measured against it: the reference for losses, and what is copied. */
import type { TokenTable } from '@arrowsmith/training';
import {
  type CreateMeasure,
  type Findings,
  linesOf,
  type Metrics,
  type ModelLine,
  ofModel,
  type Subject,
} from '../measure.ts';
import { COPIED_WORDS, copyCounter, type Copies, describeCopies, heldOutMetrics, sampleMetrics } from './copying.ts';
import { ngramCounter } from './five-gram.ts';
import { tokenStream } from './token-stream.ts';

/** The reference counts so many tokens of the training text at most, from its beginning: about 0.5 GB of n-grams. */
const REFERENCE_TOKENS = 4_000_000;
/** Copies are looked for in so much of the training text, from its beginning. */
const SEARCHED_BYTES = 64e6;
/** So much of the held-out text is looked for. */
const HELD_OUT_BYTES = 1e6;
/** A longer document is read in pieces of so many bytes. */
const PIECE_BYTES = 2 ** 20;
const ORDER = 5;

export const trainingText: CreateMeasure = ({ context, rows, trainingRows, samples, references, ...tokens }) => {
  const subjects: Subject[] = [];
  return {
    model(subject) {
      subjects.push(subject);
      return {};
    },
    async end(): Promise<Findings> {
      const train = await trainingRows();
      const bar = context.progress(`${context.step} against the training text`, {
        total: train.tokens,
        unit: 'tokens',
      });
      const models = [...new Set(samples.map(({ model }) => model))];
      const textsOf = (name: string) => samples.filter(({ model }) => model === name).map(({ text }) => text);
      const { reference, heldOut, copies, searched } = await measureTrainingText({
        train,
        validation: rows,
        samples: new Map(models.map((name) => [name, textsOf(name)])),
        ...tokens,
        signal: context.signal,
        onProgress: (done) => bar.update(done),
      });
      bar.end();
      const { bitsPerByte } = reference;
      references.push({ name: 'five-gram model', bitsPerByte });
      const metrics: Metrics = {
        fiveGramBitsPerByte: { value: bitsPerByte, unit: 'bits per byte', guard: 'exact' },
        ...heldOutMetrics(heldOut),
      };
      for (const [name, of] of copies) Object.assign(metrics, ofModel(name, sampleMetrics(of)));
      const part = searchedPart(searched);
      const lines = subjects.flatMap((subject): ModelLine[] => {
        const text = describeCopies(copies.get(subject.name) ?? null, heldOut);
        return text === undefined ? [] : [[subject, 'seen in training', `${text}${part}`]];
      });
      return {
        metrics,
        highlights: {
          'five-gram model': `${bitsPerByte.toFixed(4)} bits per byte, from the training text${ofTokensRead(reference)}`,
          ...linesOf(lines),
        },
      };
    },
  };
};

/** Which part of the training text was searched, where it was not all of it. */
function searchedPart({ bytes, isWhole }: { bytes: number; isWhole: boolean }): string {
  return isWhole ? '' : `; of the first ${(bytes / 1e6).toFixed(0)} MB`;
}

/** Of how much text the reference is, where it was not all. */
function ofTokensRead({ tokens, isWhole }: { tokens: number; isWhole: boolean }): string {
  return isWhole ? '' : `, its first ${(tokens / 1e6).toFixed(1)} M tokens`;
}

export interface TrainingTextMeasures {
  /** Bits per byte of the held-out split by a 5-gram model of so many tokens of the training text; all of it where `isWhole`. */
  reference: { bitsPerByte: number; tokens: number; isWhole: boolean };
  /** Share of the 8-grams of words of the held-out text that stand in it; null where that has none. */
  heldOut: number | null;
  /** By model. */
  copies: ReadonlyMap<string, Copies>;
  /** Bytes of the training text that were searched; all of it where `isWhole`. */
  searched: { bytes: number; isWhole: boolean };
}

/**
 * @param samples texts that each model made, by its name
 * @param textOf bytes that a token stands for; none for special tokens
 */
export async function measureTrainingText({
  train,
  validation,
  samples,
  endOfText,
  vocabularySize,
  textOf,
  signal,
  onProgress,
}: {
  train: TokenTable;
  validation: TokenTable;
  samples: ReadonlyMap<string, readonly string[]>;
  endOfText: number;
  vocabularySize: number;
  textOf: (id: number) => Uint8Array;
  signal: AbortSignal;
  onProgress: (tokens: number) => void;
}): Promise<TrainingTextMeasures> {
  const heldOut: string[] = [];
  await eachDocument(validation, HELD_OUT_BYTES, (document) => heldOut.push(document), { endOfText, textOf, signal });
  const followed = [...samples.values()].flat();
  const counter = copyCounter({ texts: [...followed, ...heldOut], n: COPIED_WORDS, followed });
  const ngrams = ngramCounter({ order: ORDER, vocabularySize });
  let tokens = 0;
  const searched = await eachDocument(train, SEARCHED_BYTES, counter.add, {
    endOfText,
    textOf,
    signal,
    onTokens(batch) {
      ngrams.add(batch.subarray(0, Math.max(0, REFERENCE_TOKENS - tokens)));
      tokens += batch.length;
      onProgress(tokens);
    },
  });
  const model = ngrams.model();
  let nats = 0;
  for await (const batch of tokenStream(validation, Infinity, signal)) nats += model.nats(batch);
  return {
    reference: {
      bitsPerByte: nats / Math.LN2 / validation.bytes,
      tokens: Math.min(tokens, REFERENCE_TOKENS),
      isWhole: searched.isWhole && tokens <= REFERENCE_TOKENS,
    },
    heldOut: counter.seen(heldOut),
    copies: new Map(
      [...samples].map(([name, texts]) => [
        name,
        {
          seen: counter.seen(texts),
          longestRun: texts.reduce((longest, text) => Math.max(longest, counter.longestRun(text)), 0),
        },
      ]),
    ),
    searched,
  };
}

/** Gives the documents of a split one by one, until so many bytes were given. */
async function eachDocument(
  rows: TokenTable,
  limit: number,
  onDocument: (text: string) => void,
  {
    endOfText,
    textOf,
    signal,
    onTokens,
  }: {
    endOfText: number;
    textOf: (id: number) => Uint8Array;
    signal: AbortSignal;
    onTokens?: (tokens: Int32Array) => void;
  },
): Promise<{ bytes: number; isWhole: boolean }> {
  let pieces: Uint8Array[] = [];
  let bytes = 0;
  let length = 0;
  const end = (): void => {
    if (pieces.length > 0) onDocument(Buffer.concat(pieces).toString());
    [pieces, length] = [[], 0];
  };
  for await (const tokens of tokenStream(rows, Infinity, signal)) {
    onTokens?.(tokens);
    for (const token of tokens) {
      if (token === endOfText || length >= PIECE_BYTES) end();
      const piece = textOf(token);
      if (piece.length > 0) pieces.push(piece);
      bytes += piece.length;
      length += piece.length;
    }
    if (bytes >= limit) return { bytes, isWhole: false };
  }
  end();
  return { bytes, isWhole: true };
}
