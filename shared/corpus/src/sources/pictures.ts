/** @file The source `pictures`: pictures made on the spot from a seed. The documents are their captions. */
import * as z from 'zod';
import { defineSource } from './source-type.ts';

const parameters = z.strictObject({
  type: z.literal('pictures'),
  pictures: z.int().min(1).default(4_000).describe('number of training pictures, made on the spot with their captions'),
  validationPictures: z
    .int()
    .min(2)
    .default(400)
    .describe('number of validation pictures, half of them with a pair of colour and shape that training never shows'),
  seed: z.int().min(0).max(0xffff_ffff).default(1).describe('another seed gives other pictures'),
});

export const pictures = defineSource({
  parameters,
  cacheable: () => true,
  resolve: async (source) => source,
  async generate(source) {
    const { captions } = await import('../pictures/index.ts');
    return {
      train: { count: source.pictures, texts: () => captions(source, 'train') },
      validation: { count: source.validationPictures, texts: () => captions(source, 'validation') },
    };
  },
  describe: ({ seed }) => `generated pictures, seed ${seed}`,
  revision: ({ seed }) => `seed ${seed}`,
  licence: () => 'MIT', // this project's, of which they are a part
  keepsAll: 'pictures may share their captions',
  companion: {
    name: 'pictures',
    table: async (source, split) => (await import('../pictures/table.ts')).pictureTable(source, split),
  },
});
