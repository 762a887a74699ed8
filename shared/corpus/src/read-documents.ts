/** @file The documents of a resolved source, as a training and a validation stream. */

import { setImmediate } from 'node:timers/promises';
import { fileDocuments, identifyFiles, partName } from './file-documents.ts';
import type { FileDocumentsOptions, Part } from './file-documents.ts';
import type { ObtainOptions } from './obtain-files.ts';
import { sourceTypeOf } from './sources/index.ts';
import type { ResolvedSource } from './sources/index.ts';
import type { GeneratedPart } from './sources/source-type.ts';

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
  const type = sourceTypeOf(source);
  if ('generate' in type) return generatedDocuments(await type.generate(source), options);
  const { onProgress } = options;
  const obtained = await type.obtain(source, {
    ...options,
    onDownload: (name, done, total) => onProgress?.({ activity: 'download', name, done, total, unit: 'bytes' }),
  });
  const layout = type.layout(source);
  const files = await identifyFiles(obtained, layout, options.signal);
  const onRead = (part: Part, done: number, total: number) =>
    onProgress?.({ activity: 'read', name: partName(part), done, total, unit: 'bytes' });
  return {
    train: repeatable(() => fileDocuments(files, layout, 'train', { ...options, onRead })),
    validation: repeatable(() => fileDocuments(files, layout, 'validation', { ...options, onRead })),
  };
}

function repeatable(iterate: () => AsyncGenerator<string>): AsyncIterable<string> {
  return { [Symbol.asyncIterator]: iterate };
}

/** Texts between two turns of the event loop. */
const TEXTS_PER_TURN = 64;

function generatedDocuments(
  parts: Record<Part, GeneratedPart>,
  { signal, onProgress }: ReadDocumentsOptions,
): Documents {
  async function* tell(part: Part): AsyncGenerator<string> {
    const { count, texts } = parts[part];
    const name = partName(part);
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
    train: repeatable(() => tell('train')),
    validation: repeatable(() => tell('validation')),
  };
}
