/** @file A file of stories of the embedded generator, as large as wished. */
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { embeddedStories } from '@arrowsmith/corpus';

/** What stands between two stories. */
export const SEPARATOR = '<|endoftext|>';

/** Bytes that are written at once. */
const BLOCK_BYTES = 2 ** 20;

/** Writes stories until there are at least so many bytes. */
export async function writeStories(path: string, bytes: number): Promise<void> {
  function* blocks() {
    let block = '';
    let written = 0;
    for (const story of embeddedStories({ stories: 2 ** 31 - 1, seed: 1 })) {
      block += `${story}\n${SEPARATOR}\n`;
      if (block.length < BLOCK_BYTES && written + block.length < bytes) continue;
      written += block.length; // ASCII
      yield block;
      if (written >= bytes) return;
      block = '';
    }
  }
  await pipeline(Readable.from(blocks(), { objectMode: true, highWaterMark: 4 }), createWriteStream(path));
}
