/** @file Scratch files for tests. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';

/** A new, empty directory that is removed after the test. */
export async function scratchDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'arrowsmith-corpus-'));
  directories.push(directory);
  return directory;
}

/** Writes a file into a new directory and describes it as readers want it. */
export async function scratchFile(
  content: string | Uint8Array,
  cut = false,
): Promise<{ path: string; name: string; bytes: number; cut: boolean }> {
  const path = join(await scratchDirectory(), 'corpus');
  await writeFile(path, content);
  return { path, name: 'corpus.txt', bytes: Buffer.byteLength(content), cut };
}

/** All items of a stream. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

const directories: string[] = [];
afterEach(async () => {
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true, force: true });
});
