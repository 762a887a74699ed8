/** @file The stage `download`: text from the hub, npm packages, a URL, files or the embedded generator becomes a table of documents. */
import * as z from 'zod';
import { filterParameters, sourceParameters, sourceTypeOf } from '@arrowsmith/corpus/parameters';
import { declareStage } from '@arrowsmith/pipeline/stage';
import type { ResolvedDownload } from './resolve.ts';

const parameters = z
  .strictObject({
    source: sourceParameters.describe('Where the text comes from'),
    filter: filterParameters.optional().describe('Which documents to keep; without it, all of them'),
    removeLeaks: z
      .boolean()
      .default(true)
      .describe(
        'Leave out training documents that the validation split has too, byte for byte, unless they are captions of pictures; they are counted in any case',
      ),
    removeDuplicates: z
      .boolean()
      .default(false)
      .describe('Leave out documents that occurred before in their split, byte for byte; they are counted in any case'),
  })
  .superRefine(({ source, filter, removeDuplicates }, { addIssue }) => {
    const { keepsAll } = sourceTypeOf(source);
    if (keepsAll === undefined || (filter === undefined && !removeDuplicates)) return;
    const message = `${keepsAll}, and are neither filtered nor removed as duplicates: leave filter and removeDuplicates out`;
    addIssue({ code: 'custom', path: ['source'], message });
  });

export type DownloadParameters = z.infer<typeof parameters>;

export default declareStage<DownloadParameters, ResolvedDownload>({
  name: 'download',
  description: 'Fetches a corpus and writes its documents, in a training and a validation split',
  inputs: {},
  makes: ['corpus'],
  parameters,
  cacheable: ({ source }) => sourceTypeOf(source).cacheable(source),
  resolve: async (asked, options) => (await import('./resolve.ts')).resolveDownload(asked, options),
});
