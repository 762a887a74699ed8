/** @file The source `url`: a file at an address, pinned by its checksum. */
import { UserError } from '@arrowsmith/errors';
import * as z from 'zod';
import { obtainFile } from '../obtain-files.ts';
import { TransientFailure } from '../retry.ts';
import { checksum, shortened } from './file-lists.ts';
import { layout, separatorIssue, separatorOnlyInText } from './layout.ts';
import { defineSource } from './source-type.ts';

const parameters = z
  .strictObject({
    type: z.literal('url'),
    url: z.url({ protocol: /^https?$/ }).describe('address of one file'),
    sha256: checksum,
    bytes: z.int().min(1).optional().describe('size of the file'),
    ...layout,
  })
  .refine(separatorOnlyInText, separatorIssue);

export const url = defineSource({
  parameters,
  cacheable: () => true,
  textBytes: ({ bytes }) => bytes,
  resolve: async (source) => source,
  layout: (source) => source,
  async obtain({ url: address, sha256, bytes }, options) {
    const refusal = (status: number) =>
      new UserError({
        what: `${address}: the server refuses the request`,
        found: `HTTP ${status}`,
        fix: 'check the url of the source',
      });
    const locate = async () => ({ url: address, name: address, sha256, bytes, refusal });
    try {
      return { train: [await obtainFile({ sha256, bytes }, address, options, locate)] };
    } catch (error) {
      if (!(error instanceof TransientFailure)) throw error;
      throw new UserError(
        {
          what: `${address} could not be downloaded`,
          found: error.reason,
          fix: 'run again later: what was downloaded is kept; or fetch it by other means and name it with a source of type file',
        },
        { cause: error },
      );
    }
  },
  describe: (source) => shortened(source.url),
  revision: (source) => `sha256 ${source.sha256}`,
  licence: ({ licence }) => licence,
});
