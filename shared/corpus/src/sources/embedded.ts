/** @file The source `embedded`: stories, made on the spot from a seed. */
import * as z from 'zod';
import { defineSource } from './source-type.ts';

/** How many stories there are, and which. */
export const stories = {
  stories: z.int().min(1).default(20_000).describe('number of training stories'),
  validationStories: z
    .int()
    .min(1)
    .default(1_000)
    .describe('number of validation stories, which follow the training ones'),
  seed: z.int().min(0).max(0xffff_ffff).default(1).describe('another seed gives other stories'),
};

const parameters = z.strictObject({ type: z.literal('embedded'), ...stories });

export type EmbeddedSource = z.infer<typeof parameters>;

/** Mean size of a story. */
const STORY_BYTES = 1_300;

export const embedded = defineSource({
  parameters,
  cacheable: () => true,
  textBytes: (source) => STORY_BYTES * (source.stories + source.validationStories),
  resolve: async (source) => source,
  async generate({ stories: train, validationStories: validation, seed }) {
    const { embeddedStories } = await import('../embedded/index.ts');
    return {
      train: { count: train, texts: () => embeddedStories({ stories: train, seed }) },
      validation: {
        count: validation,
        texts: () => embeddedStories({ first: train, stories: validation, seed }),
      },
    };
  },
  describe: ({ seed }) => `embedded corpus, seed ${seed}`,
  revision: ({ seed }) => `seed ${seed}`,
  licence: () => 'MIT', // this project's, of which it is a part
});
