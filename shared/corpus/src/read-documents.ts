/** @file The documents of a resolved source, as a training and a validation stream. */

import { setImmediate } from 'node:timers/promises';
import { embeddedStories } from './embedded/index.ts';
import { fileDocuments, identifyFiles, partName } from './file-documents.ts';
import type { FileDocumentsOptions, Part } from './file-documents.ts';
import { obtainFiles } from './obtain-files.ts';
import type { ObtainOptions } from './obtain-files.ts';
import type { PicturesSource } from './parameters.ts';
import { toyPictures } from './pictures/index.ts';
import type { ResolvedSource } from './resolve-source.ts';

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

export interface ReadDocumentsOptions
  extends Omit<ObtainOptions, 'onDownload'>, Pick<FileDocumentsOptions, 'onInvalidUtf8' | 'onLeftOut'> {
  onProgress?: ((progress: SourceProgress) => void) | undefined;
}

/**
 * Fetches what a source names, checks it, and returns its documents in their order, in bounded memory. Text is kept byte for
 * byte; the little that is dropped is named by the readers of the formats.
 *
 * Validation documents are those of the validation files. Where a source names none, {@link isHeldOut} picks them from the
 * training files. Text without a separator is one document per file; where these are too few to hold out a whole one, the
 * last share of each file is held out, from a line start on.
 *
 * @throws {UserError} at once, when a file cannot be had, is not the pinned one or not what it should be; from the iteration, when text cannot be
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
  const obtained = await obtainFiles(source, {
    ...options,
    onDownload: (name, done, total) => onProgress?.({ activity: 'download', name, done, total, unit: 'bytes' }),
  });
  const files = await identifyFiles(obtained, source, options.signal);
  const onRead = (part: Part, done: number, total: number) =>
    onProgress?.({ activity: 'read', name: partName(part), done, total, unit: 'bytes' });
  return {
    train: repeatable(() => fileDocuments(files, source, 'train', { ...options, onRead })),
    validation: repeatable(() => fileDocuments(files, source, 'validation', { ...options, onRead })),
  };
}

function repeatable(iterate: () => AsyncGenerator<string>): AsyncIterable<string> {
  return { [Symbol.asyncIterator]: iterate };
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
