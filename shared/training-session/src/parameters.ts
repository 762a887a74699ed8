/** @file What every stage that trains is asked besides what is learnt: where it computes, and what it shows meanwhile. */
import * as z from 'zod';
import { engineParameters, precisionParameter } from '@arrowsmith/engine/parameters';

export const sessionParameters = {
  ...engineParameters,
  precision: precisionParameter,
  samples: z
    .strictObject({
      everySeconds: z.int().min(0).default(30).describe('0 shows none.'),
      tokens: z.int().min(1).default(60).describe('Length of a sample.'),
    })
    .prefault({})
    .describe('What the model writes while it learns is shown every so often; it has no influence on the result.'),
  profile: z.boolean().default(false).describe('Print the time that each kernel of the native backend took.'),
};

export type SessionParameters = { [K in keyof typeof sessionParameters]: z.infer<(typeof sessionParameters)[K]> };

/** Those that do not change the result. */
export const NOT_IN_KEY = ['threads', 'profile', 'checkpoint', 'recomputeActivations', 'samples'] as const;
