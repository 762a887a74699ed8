/**
 * @file Runs a reader on changed files, and judges what it does: the right result, or one error for people, within seconds and
 * little memory.
 */

import { lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { UserError } from '@arrowsmith/errors';
import { type FileKind, mutate } from './mutations.ts';
import { randomOfCase } from './random.ts';

/** A file that is changed. */
export interface FuzzedFile {
  /** Absolute. */
  path: string;
  kind: FileKind;
}

/** A reader with valid files. */
export interface Subject {
  files: readonly FuzzedFile[];
  /** Reads everything that a program would read; throws UserError, or {@link Refused} where the reader says no in another way. */
  read: () => Promise<unknown>;
  /** Files carry digests, so that what is read of a changed one is what was read of the valid one, or nothing. */
  guarded?: boolean;
  /** Puts right what reading changed beside the file, before each case. */
  reset?: () => Promise<void>;
}

/** Makes valid files in a folder. */
export interface Fuzzer {
  name: string;
  prepare: (folder: string) => Promise<Subject>;
}

/** What a reader says without an error: a notice, a list of what is damaged. */
export class Refused extends Error {}

export type Outcome = { read: boolean } | { failure: string };

/** Longer is a hang, though the machine be busy; larger is an attack. */
const MOST_SECONDS = 20;
const MOST_BYTES = 768 * 2 ** 20;

/** A reader, ready to run cases. */
export interface PreparedFuzzer {
  run: (seed: number, index: number) => Promise<Outcome>;
  /** The file of a case, as it was given to the reader. */
  describe: (seed: number, index: number) => string;
  remove: () => void;
}

export async function prepareFuzzer({ name, prepare }: Fuzzer): Promise<PreparedFuzzer> {
  const folder = mkdtempSync(join(tmpdir(), `fuzz-${name}-`));
  const subject = await prepare(folder);
  const originals = subject.files.map(({ path }) => readFileSync(path));
  const valid = comparable(await subject.read());

  function caseOf(seed: number, index: number) {
    const below = randomOfCase(name, seed, index);
    const file = below(subject.files.length);
    const { path, kind } = subject.files[file]!;
    const odd = below(60);
    if (odd < 3) return { path, change: (['folder', 'link', 'empty'] as const)[odd]!, file };
    const others = originals.filter((_, other) => subject.files[other]!.kind === kind);
    return { path, change: mutate(originals[file]!, kind, others, below), file };
  }

  function put(path: string, change: Buffer | 'folder' | 'link' | 'empty'): void {
    rmSync(path, { recursive: true, force: true });
    mkdirSync(dirname(path), { recursive: true });
    if (change === 'folder') mkdirSync(path);
    else if (change === 'link') symlinkSync(`${path}.nowhere`, path);
    else writeFileSync(path, change === 'empty' ? '' : change);
  }

  async function restore(): Promise<void> {
    for (const [i, { path }] of subject.files.entries()) {
      const isFile = lstatSync(path, { throwIfNoEntry: false })?.isFile() === true;
      if (!isFile || !readFileSync(path).equals(originals[i]!)) put(path, originals[i]!);
    }
    await subject.reset?.();
  }

  return {
    async run(seed, index) {
      await restore();
      const { path, change, file } = caseOf(seed, index);
      put(path, change);
      const [begin, before] = [performance.now(), process.resourceUsage().maxRSS * 1024];
      const outcome = await attempt(subject.read);
      const seconds = (performance.now() - begin) / 1000;
      const grown = process.resourceUsage().maxRSS * 1024 - before;
      if ('failure' in outcome) return outcome;
      if (seconds > MOST_SECONDS) return { failure: `took ${seconds.toFixed(0)} s` };
      if (grown > MOST_BYTES) return { failure: `took ${(grown / 1e6).toFixed(0)} MB of memory` };
      const changed = typeof change === 'string' || !change.equals(originals[file]!);
      if (subject.guarded === true && outcome.read && changed && comparable(outcome.value) !== valid) {
        return { failure: 'read something else without a word' };
      }
      return { read: outcome.read };
    },
    describe(seed, index) {
      const { path, change } = caseOf(seed, index);
      const what =
        typeof change === 'string'
          ? change
          : `${change.length} bytes, base64 ${change.toString('base64').slice(0, 2000)}`;
      return `${path.slice(folder.length + 1)}: ${what}`;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

async function attempt(
  read: () => Promise<unknown>,
): Promise<{ read: boolean; value?: unknown } | { failure: string }> {
  try {
    return { read: true, value: await read() };
  } catch (error) {
    if (error instanceof Refused) return { read: false };
    if (!(error instanceof UserError))
      return { failure: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    const { message } = error;
    // What is printed must not command the terminal, nor fill it.
    if (message.length > 20_000) return { failure: `an error of ${message.length} characters` };
    return { read: false };
  }
}

/** What was read as a text, in which equal values are equal. */
function comparable(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner === 'bigint') return String(inner);
    if (inner instanceof Map) return [...inner];
    if (isPlain(inner)) return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
    if (ArrayBuffer.isView(inner)) return Buffer.from(inner.buffer, inner.byteOffset, inner.byteLength).toString('hex');
    return inner;
  });
}

const isPlain = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
