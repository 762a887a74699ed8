/** @file The embedded corpus: simple stories, made on the spot from a seed, for machines without a network. */

import { phrases } from './phrases.ts';
import { plots } from './plots/index.ts';
import { randomOf } from './random.ts';
import { tell } from './story.ts';
import { defaultCast } from './world.ts';

/** Stories outside these lengths, in characters, are told anew: nearly all of the others fit a context of 256 tokens. */
const SHORTEST = 350;
const LONGEST = 980;

const world = { cast: defaultCast, phrases };

/**
 * English stories for young children, in the spirit of TinyStories (Eldan and Li 2023, arXiv:2305.07759): plain ASCII,
 * 350 to 980 characters in short paragraphs separated by blank lines, without a newline at the end.
 *
 * Story i depends on (seed, i) only, so that any range of indices is a corpus of its own: a validation set is a range
 * that training does not use.
 *
 * @param options.stories how many stories
 * @param options.seed an integer; other seeds give other corpora
 * @param options.first index of the first story, 0 by default
 */
export function* embeddedStories(options: { stories: number; seed: number; first?: number }): Generator<string> {
  const first = options.first ?? 0;
  for (let index = first; index < first + options.stories; index++) yield story(options.seed, index);
}

/** Story `index` of the corpus with this seed. */
function story(seed: number, index: number): string {
  const below = randomOf(seed, index);
  for (;;) {
    const { text } = tell(plots[below(plots.length)]!, world, below);
    if (text.length >= SHORTEST && text.length <= LONGEST) return text;
  }
}
