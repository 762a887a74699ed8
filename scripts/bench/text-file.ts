/** @file The text that benchmarks of tokenizers measure with: a file of yours, or stories of the embedded generator, which are always there. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '@arrowsmith/errors';
import * as z from 'zod';
import { writeStories } from './story-file.ts';

export const inputOption = z.string().optional().describe('a file of text; without it, generated stories');

/** @param megabytes by default */
export const syntheticOption = (megabytes: number) =>
  z.coerce.number().positive().default(megabytes).describe('megabytes of generated stories, where there is no input');

/**
 * The path of the text; what is generated is written into `folder`.
 * @throws UserError where the input is not there
 */
export async function textFile(
  { input, synthetic }: { input?: string | undefined; synthetic: number },
  folder: string,
): Promise<string> {
  if (input === undefined) {
    const path = join(folder, 'stories.txt');
    await writeStories(path, synthetic * 1e6);
    return path;
  }
  if (existsSync(input)) return input;
  throw new UserError({
    what: 'there is no text to measure with',
    where: input,
    fix: 'give a file with --input=FILE, or leave it out to measure with generated stories',
  });
}
