/** @file What a document must be like to be kept: the schema of filters, as they are written in a pipeline file. */

import * as z from 'zod';

const share = z.number().min(0).max(1);

/** All rules are optional, and a document must satisfy every rule that is named. None of them knows a language. */
export const filterParameters = z.strictObject({
  minimumBytes: z.int().min(1).optional().describe('shortest document kept, in bytes of UTF-8'),
  maximumBytes: z.int().min(1).optional().describe('longest document kept, in bytes of UTF-8'),
  minimumLetterShare: share
    .optional()
    .describe(
      'share of letters (of any script) among the characters that are not white space; 0.5 drops tables of numbers',
    ),
  maximumRepeatedLineShare: share
    .optional()
    .describe('share of lines, blank ones aside, that occurred before in the document; 0.3 drops lists and menus'),
  maximumRepeatedNgramShare: share
    .optional()
    .describe('share of runs of 4 words that occurred before in the document; 0.3 drops text that goes in circles'),
  maximumCharacterRun: z.int().min(1).optional().describe('longest run of one character, white space aside'),
  maximumLineLength: z.int().min(1).optional().describe('longest line, in UTF-16 units; 1000 drops minified sources'),
  maximumMeanLineLength: z.number().gt(0).optional().describe('mean length of the lines, in UTF-16 units'),
  keywords: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('a document must contain one of these strings, in upper and lower case as they are written'),
  libraries: z
    .array(z.string().regex(/^[\p{L}\p{N}_]+(\.[\p{L}\p{N}_]+)*$/u, 'expected the name of a Python module'))
    .min(1)
    .optional()
    .describe('a document must import one of these Python modules, or one inside them: import x, from x import y'),
});

export type FilterParameters = z.infer<typeof filterParameters>;
