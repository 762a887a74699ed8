/** @file The documents of a resolved source, as a training and a validation stream. */

import { setImmediate } from 'node:timers/promises';
import { UserError } from '@arrowsmith/errors';
import { embeddedStories } from './embedded/index.ts';
import type { CorpusFile, OnInvalidUtf8, ReadOptions } from './formats/corpus-file.ts';
import { readJsonl } from './formats/jsonl.ts';
import { readParquet } from './formats/parquet.ts';
import { readRunningText, readSeparatedText } from './formats/text.ts';
import type { TextPart } from './formats/text.ts';
import { obtainFiles } from './obtain-files.ts';
import type { CorpusFiles, ObtainOptions } from './obtain-files.ts';
import type { PicturesSource, Source } from './parameters.ts';
import { toyPictures } from './pictures/index.ts';
import type { ResolvedSource } from './resolve-source.ts';
import { isHeldOut } from './split.ts';

/** Training and validation documents. Each stream can be iterated again, which is another pass over the files. */
export interface Documents {
  train: AsyncIterable<string>;
  validation: AsyncIterable<string>;
}

/** How far one activity is: the download of a file, or a pass over a part of the corpus. */
export interface SourceProgress {
  activity: 'download' | 'read';
  /** The file, `training documents` or `validation documents`. */
  name: string;
  done: number;
  /** Undefined where a server does not tell the size of a file. */
  total: number | undefined;
  unit: 'bytes' | 'documents';
}

export interface ReadDocumentsOptions extends Omit<ObtainOptions, 'onDownload'> {
  onProgress?: ((progress: SourceProgress) => void) | undefined;
  /** Called where bytes are replaced by a source with `invalidUtf8: replace`, once for each text of the files. */
  onInvalidUtf8?: OnInvalidUtf8 | undefined;
}

/** How documents lie in the files. */
type Layout = Pick<
  Extract<Source, { type: 'file' }>,
  'format' | 'separator' | 'field' | 'validationShare' | 'invalidUtf8'
>;

type Part = 'train' | 'validation';

/**
 * Fetches what a source names, checks it, and returns its documents in their order, in bounded memory. Text is kept byte for
 * byte; the little that is dropped is named by {@link readSeparatedText}, {@link readRunningText}, {@link readJsonl} and
 * {@link readParquet}.
 *
 * Validation documents are those of the validation files. Where a source names none, {@link isHeldOut} picks them from the
 * training files. Text without a separator is one document per file; where these are too few to hold out a whole one, the
 * last share of each file is held out, from a line start on.
 *
 * @throws {UserError} at once, when a file cannot be had or is not the pinned one; from the iteration, when text cannot be
 *   read, and at its end when there was no document
 */
export async function readDocuments(source: ResolvedSource, options: ReadDocumentsOptions): Promise<Documents> {
  const { onProgress } = options;
  if (source.type === 'embedded') {
    const { stories, validationStories, seed } = source;
    return generatedDocuments(
      { count: stories, texts: () => embeddedStories({ stories, seed }) },
      { count: validationStories, texts: () => embeddedStories({ first: stories, stories: validationStories, seed }) },
      options,
    );
  }
  if (source.type === 'pictures') {
    return generatedDocuments(
      { count: source.pictures, texts: () => captions(source, 'train') },
      { count: source.validationPictures, texts: () => captions(source, 'validation') },
      options,
    );
  }
  const files = await obtainFiles(source, {
    ...options,
    onDownload: (name, done, total) => onProgress?.({ activity: 'download', name, done, total, unit: 'bytes' }),
  });
  return {
    train: repeatable(() => fileDocuments(files, source, 'train', options)),
    validation: repeatable(() => fileDocuments(files, source, 'validation', options)),
  };
}

function repeatable(iterate: () => AsyncGenerator<string>): AsyncIterable<string> {
  return { [Symbol.asyncIterator]: iterate };
}

/** One pass over the files of one part. */
async function* fileDocuments(
  files: CorpusFiles,
  layout: Layout,
  part: Part,
  { signal, onProgress, onInvalidUtf8 }: ReadDocumentsOptions,
): AsyncGenerator<string> {
  const read = files[part] ?? files.train;
  const total = read.reduce((sum, { bytes }) => sum + bytes, 0);
  const name = part === 'train' ? 'training documents' : 'validation documents';
  const choose = chooser(files, layout, part);

  // Where both parts are picked from the same texts, these are read twice, and told of once.
  const tells = files[part] !== undefined || choose.textPart !== 'all';
  const onInvalid: OnInvalidUtf8 = (place, count) => tells && onInvalidUtf8?.(place, count);
  const policy = layout.invalidUtf8 === 'replace' ? { onInvalidUtf8: onInvalid } : {};

  let index = 0;
  let chosen = 0;
  let before = 0;
  for (const file of read) {
    const onRead = (bytes: number) =>
      onProgress?.({ activity: 'read', name, done: before + bytes, total, unit: 'bytes' });
    for await (const batch of readFile(file, layout, choose.textPart, { signal, onRead, ...policy })) {
      for (const document of batch) {
        if (!choose.takes(index++)) continue;
        chosen++;
        yield document;
      }
    }
    before += file.bytes;
  }
  if (layout.separator !== undefined && index > 0 && index <= read.length && total > LARGE_BYTES) {
    throw separatorNeverOccurs(read, layout.separator, total);
  }
  if (chosen === 0) throw noDocuments(read, name, index, layout);
}

/** Text in which a separator should occur, if it is the right one. */
const LARGE_BYTES = 2 ** 20;

function separatorNeverOccurs(files: CorpusFile[], separator: string, bytes: number): UserError {
  return new UserError({
    what: 'the separator never occurs, so that each file is one document',
    where: files.length === 1 ? files[0]!.name : `${files[0]!.name} and ${files.length - 1} more`,
    expected: JSON.stringify(separator),
    found: `${(bytes / 1e6).toFixed(1)} MB without it`,
    fix: 'correct the separator of the source, or leave it out if each file is one document',
  });
}

/** Which documents of the files belong to a part, and which part of each text that has no separator. */
function chooser(
  files: CorpusFiles,
  layout: Layout,
  part: Part,
): { textPart: TextPart; takes: (index: number) => boolean } {
  const share = layout.validationShare;
  if (files.validation) return { textPart: 'all', takes: () => true };
  const running = layout.format === 'text' && layout.separator === undefined;
  if (running && Math.floor(files.train.length * share) === 0) return { textPart: part, takes: () => true };
  return { textPart: 'all', takes: (index) => isHeldOut(index, share) === (part === 'validation') };
}

function readFile(file: CorpusFile, layout: Layout, part: TextPart, options: ReadOptions): AsyncGenerator<string[]> {
  switch (layout.format) {
    case 'jsonl':
      return readJsonl(file, layout.field, options);
    case 'parquet':
      return readParquet(file, layout.field, options);
    case 'text':
      return layout.separator === undefined
        ? readRunningText(file, part, layout.validationShare, options)
        : readSeparatedText(file, layout.separator, options);
  }
}

function noDocuments(files: CorpusFile[], name: string, available: number, layout: Layout): UserError {
  const where = files.length === 1 ? files[0]!.name : `${files[0]!.name} and ${files.length - 1} more`;
  if (available > 0) {
    return new UserError({
      what: `the corpus has no ${name}`,
      where,
      found: `${available} documents, of which a share of ${layout.validationShare} is held out`,
      fix: 'change validationShare, name a validation file, or check the separator and format of the source',
    });
  }
  return new UserError({
    what: `the corpus has no ${name}`,
    where,
    found: files.some(({ cut }) => cut) ? 'no complete document in the bytes that were fetched' : 'no text',
    fix: files.some(({ cut }) => cut) ? 'raise firstBytes' : 'check the path, format and separator of the source',
  });
}

function* captions(source: PicturesSource, part: Part): Generator<string> {
  for (const { caption } of toyPictures(source, part)) yield caption;
}

/** Texts between two turns of the event loop. */
const TEXTS_PER_TURN = 64;

interface GeneratedPart {
  count: number;
  texts: () => Iterable<string>;
}

function generatedDocuments(
  train: GeneratedPart,
  validation: GeneratedPart,
  { signal, onProgress }: ReadDocumentsOptions,
): Documents {
  async function* tell(name: string, { count, texts }: GeneratedPart): AsyncGenerator<string> {
    let done = 0;
    for (const text of texts()) {
      if (done % TEXTS_PER_TURN === 0) {
        signal?.throwIfAborted();
        onProgress?.({ activity: 'read', name, done, total: count, unit: 'documents' });
        await setImmediate();
      }
      done++;
      yield text;
    }
    onProgress?.({ activity: 'read', name, done, total: count, unit: 'documents' });
  }
  return {
    train: repeatable(() => tell('training documents', train)),
    validation: repeatable(() => tell('validation documents', validation)),
  };
}
