/**
 * @file The generation of a store, `<store>/generation`: another one whenever results were removed, or the store is a new one. Who remembers
 * that a result was there (Nx's cache) remembers it for one generation.
 */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createFileAtomic, writeFileAtomic } from './atomic-file.ts';

const generationPath = (store: string): string => join(store, 'generation');

/** The generation of a store; a new store is given one. */
export async function storeGeneration(store: string): Promise<string> {
  for (;;) {
    const generation = await readFile(generationPath(store), 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      return undefined;
    });
    if (generation !== undefined) return generation;
    await createFileAtomic(generationPath(store), randomUUID());
  }
}

/** Begins another generation: results were removed. */
export async function renewGeneration(store: string): Promise<void> {
  await writeFileAtomic(generationPath(store), randomUUID());
}
