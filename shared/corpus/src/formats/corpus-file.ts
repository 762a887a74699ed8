/** @file What the readers of all formats share: a file on disk, and the options of a pass over it. */

import type { Compression } from './compression.ts';

/** A file that is complete on this machine. */
export interface CorpusFile {
  /** Absolute path. */
  path: string;
  /** How it is called in messages: as the pipeline file names it. */
  name: string;
  bytes: number;
  /** Whether it is only the beginning of a file, so that its last document is incomplete and must be dropped. */
  cut: boolean;
  /** How its bytes are compressed; not at all by default. */
  compression?: Compression | undefined;
}

/** @param place of the first one of a document, for people @param replacements number of U+FFFD put in */
export type OnInvalidUtf8 = (place: string, replacements: number) => void;

/** Why a record of a file is no document: it lacks the field, holds null there, or a text without characters. */
export type LeftOutReason = 'missing' | 'null' | 'empty';

/** @param described for a record that lacks the field: its place and what it holds instead, for people */
export type OnLeftOut = (reason: LeftOutReason, described?: () => string) => void;

export interface ReadOptions {
  signal?: AbortSignal | undefined;
  /** Called with the bytes of this file that were read so far. */
  onRead?: ((bytes: number) => void) | undefined;
  /** Called with what is not UTF-8 and was replaced by U+FFFD; without it, such bytes are an error. */
  onInvalidUtf8?: OnInvalidUtf8 | undefined;
  /** Called for each record that is left out, as it holds no text. */
  onLeftOut?: OnLeftOut | undefined;
}

/**
 * The longest document, 256 MiB: a document is one string, and the longest string of V8 has half a giga of UTF-16 units.
 */
export const MAX_DOCUMENT_BYTES = 2 ** 28;
