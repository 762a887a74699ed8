/** @file Benchmark: how varied the stories of the embedded generator are, and how fast it tells them. */
import { createHash } from 'node:crypto';
import { embeddedStories, hashSet } from '@arrowsmith/corpus';
import * as z from 'zod';
import { parseOptions } from './options.ts';

export const description = 'variety and speed of the embedded stories: --stories=N --seed=N';

/** Stories whose n-grams are counted: the share of distinct ones falls with the size of a text, so it needs a fixed size to be compared. */
const SAMPLE = 2000;
const NGRAM = 4;

export const options = z.strictObject({
  stories: z.coerce.number().int().min(1).default(100_000),
  seed: z.coerce.number().int().min(0).default(1),
});

/** Tells stories; all of them are compared by 64-bit hashes, the first 2,000 looked at closely. */
export function run(args: string[]): Record<string, unknown> {
  const { stories, seed } = parseOptions(args, options);
  const hashes = hashSet();
  let bytes = 0;
  let seconds = 0;
  let begin = performance.now();
  for (const story of embeddedStories({ stories, seed })) {
    seconds += (performance.now() - begin) / 1000;
    bytes += Buffer.byteLength(story);
    const digest = createHash('sha256').update(story).digest();
    hashes.add(digest.readInt32LE(0), digest.readInt32LE(4));
    begin = performance.now();
  }
  const sample = [...embeddedStories({ stories: Math.min(stories, SAMPLE), seed })];
  const variety = varietyOf(sample);
  const megabytesPerSecond = bytes / 1e6 / seconds;
  const duplicates = stories - hashes.size;
  const count = (value: number) => value.toLocaleString('en-US');
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

  console.log(`embedded corpus, seed ${seed}: ${count(stories)} stories, ${(bytes / 1e6).toFixed(1)} MB`);
  console.log(`  told at ${megabytesPerSecond.toFixed(1)} MB/s`);
  console.log(`  duplicates: ${count(duplicates)}`);
  console.log(`  of the first ${count(sample.length)}:`);
  console.log(`    distinct words              ${count(variety.vocabulary)}`);
  console.log(`    distinct ${NGRAM}-grams, of all    ${percent(variety.distinctNgrams)}`);
  console.log(`    stories with speech         ${percent(variety.withSpeech)}`);
  return {
    ours: megabytesPerSecond,
    peer: null,
    ratio: null,
    unit: 'MB/s',
    stories,
    seed,
    bytes,
    duplicates,
    ...variety,
  };
}

/** Words are runs of letters and apostrophes, without regard to case; n-grams do not cross stories. */
function varietyOf(stories: readonly string[]) {
  const words = new Set<string>();
  const ngrams = new Set<string>();
  let all = 0;
  for (const story of stories) {
    const found = story.toLowerCase().match(/[a-z']+/g) ?? [];
    for (const word of found) words.add(word);
    for (let i = 0; i + NGRAM <= found.length; i++, all++) ngrams.add(found.slice(i, i + NGRAM).join(' '));
  }
  return {
    vocabulary: words.size,
    distinctNgrams: ngrams.size / all,
    withSpeech: stories.filter((story) => story.includes('"')).length / stories.length,
  };
}
