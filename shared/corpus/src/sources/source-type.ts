/** @file What a type of source is: its parameters, what they mean here and now, how its documents are had, and what is said of them. */
import type { Column, TableKind } from '@arrowsmith/artifacts';
import type { z } from 'zod';
import type { Part } from '../file-documents.ts';
import type { CorpusFiles, ObtainOptions } from '../obtain-files.ts';
import type { Network } from '../request.ts';
import type { EmbeddedSource } from './embedded.ts';
import type { Layout } from './layout.ts';

/** Where a source is looked at. */
export interface Surroundings {
  /** The workspace root, which local paths are relative to. */
  root: string;
  /** For HF_ENDPOINT, HF_TOKEN, npm's configuration and the proxy variables; the process's own by default. */
  env?: Record<string, string | undefined>;
  signal?: AbortSignal;
}

/** A server that text comes from, and that may be out of reach. */
export interface Server<S, R> {
  /** For messages: `hub`. */
  name: string;
  /** What takes the place of the source then; undefined where it wants nothing else. */
  fallback(source: S): EmbeddedSource | undefined;
  /** The question whether the server is there: for the first thing that will be fetched. */
  probe(source: R, surroundings: Surroundings): Promise<Probe>;
}

/** A question for a server. */
export interface Probe {
  /** What the fallback would stand in for, in messages. */
  what: string;
  address: string;
  /** @throws {TransientFailure} when the server cannot be reached  @throws {UserError} when it has not got what is pinned */
  ask(network: Network): Promise<unknown>;
}

/** What was read, as the data card lists it. */
export interface ListedFile {
  split: Part | '';
  name: string;
  bytes: number | undefined;
  checksum: string;
}

/** Something that comes with each document: a table beside that of the documents, with as many rows in the same order. */
export interface Companion<R> {
  /** Its table is in `<split>-<name>.arrow`, and `<name>: true` in the metadata of the corpus. */
  name: string;
  table(source: R, split: Part): Promise<CompanionTable>;
}

export interface CompanionTable {
  kind: TableKind;
  metadata: Record<string, string>;
  batches: Iterable<Record<string, Column>>;
}

/** Text that lies in files. */
interface InFiles<R> {
  /** How documents lie in them. */
  layout(source: R): Layout;
  /**
   * Gets the files one after the other, so that an interrupted run leaves whole ones.
   *
   * @throws {UserError} when a file cannot be had or is not the pinned one
   */
  obtain(source: R, options: ObtainOptions): Promise<CorpusFiles>;
}

/** Text that is made on the spot. */
interface Generated<R> {
  generate(source: R): Promise<Record<Part, GeneratedPart>>;
}

export interface GeneratedPart {
  /** How many texts there are. */
  count: number;
  texts: () => Iterable<string>;
}

interface Typed {
  type: string;
}

/**
 * A type of source: all that distinguishes it. Whoever reads text asks it, and never for its name.
 *
 * Its functions are methods, whose parameters TypeScript lets vary: so each type is a `SourceType` of any source, to be asked
 * about its own ones.
 *
 * @template S a source as a pipeline file says it
 * @template R a source whose text is determined: two that are equal give the same documents, on any machine
 */
export type SourceType<S extends Typed, R extends Typed> = {
  /**
   * Whether nobody needs to look again: what is pinned and checked is always the same text, but files may change, and a server
   * that was out of reach may be back.
   */
  cacheable(source: S): boolean;
  /** Roughly how much text it is; undefined where the parameters do not tell. */
  textBytes?(source: S): number | undefined;
  /**
   * Finds out what the source means here and now, without a server.
   *
   * @throws {UserError} when it can mean nothing
   */
  resolve(source: S, surroundings: Surroundings): Promise<R>;
  /** Left out where text comes from no server, or where nothing may take its place. */
  server?: Server<S, R>;

  /** In a few words. */
  describe(source: R): string;
  /** What pins the text: a commit, checksums or a seed. */
  revision(source: R): string;
  /** Undefined where nobody has stated it. */
  licence(source: R): string | undefined;
  /** The files or packages that are read; none where this is left out. */
  listing?(source: R): ListedFile[];
  /** The source for the metadata of its tables, in bounded size; left out: as it is. */
  summary?(source: R): object;

  /** Where equal documents are no mistake, so that all are kept: why, as the beginning of a sentence about them. */
  keepsAll?: string;
  companion?: Companion<R>;
} & (InFiles<R> | Generated<R>);

/** Defines a type of source; the function only helps type inference. */
export function defineSource<P extends z.ZodType<Typed> & z.core.$ZodTypeDiscriminable, R extends Typed = z.infer<P>>(
  source: SourceType<z.infer<P>, R> & {
    /** As they are in a pipeline file, with a literal `type`. */
    parameters: P;
  },
) {
  return source;
}
