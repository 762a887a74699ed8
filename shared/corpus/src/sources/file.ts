/** @file The source `file`: files on this machine. */
import * as z from 'zod';
import type { FileContent } from '../local-files.ts';
import { obtainEach } from '../obtain-files.ts';
import { describeList, listingOf, requireDisjoint, revisionOfLists, summaryOfLists } from './file-lists.ts';
import { layout, separatorIssue, separatorOnlyInText } from './layout.ts';
import { defineSource } from './source-type.ts';

const paths = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]);

const parameters = z
  .strictObject({
    type: z.literal('file'),
    path: paths.describe(
      'files or glob patterns, relative to the workspace root; what a pattern with ! before it matches is left out',
    ),
    validation: paths.optional().describe('validation files or glob patterns'),
    ...layout,
  })
  .refine(separatorOnlyInText, separatorIssue);

type FileSource = z.infer<typeof parameters>;

/** Files as they are now. */
interface ResolvedFileSource extends Omit<FileSource, 'path' | 'validation'> {
  train: FileContent[];
  validation?: FileContent[];
}

export const file = defineSource<typeof parameters, ResolvedFileSource>({
  parameters,
  cacheable: () => false,
  async resolve({ path, validation, ...rest }, { root, signal }) {
    const { describeFiles } = await import('../local-files.ts');
    const train = await describeFiles(path, root, signal);
    if (!validation) return { ...rest, train };
    const resolved = { ...rest, train, validation: await describeFiles(validation, root, signal) };
    requireDisjoint(resolved);
    return resolved;
  },
  layout: (source) => source,
  async obtain(source, options) {
    const { unchangedFile } = await import('../local-files.ts');
    return obtainEach(source, (one) => unchangedFile(one, options));
  },
  describe: ({ train }) => describeList(train),
  revision: revisionOfLists,
  licence: ({ licence }) => licence,
  listing: listingOf,
  summary: summaryOfLists,
});
