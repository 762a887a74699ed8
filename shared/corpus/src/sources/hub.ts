/** @file The source `hub`: files of a repository on the Hugging Face hub, pinned by commit and checksum. */
import * as z from 'zod';
import type { HubFile } from '../hub.ts';
import { obtainEach } from '../obtain-files.ts';
import { embeddedInstead, fallback, withoutFallback } from './fallback.ts';
import { checksum, describeList, listingOf, requireDisjoint, summaryOfLists } from './file-lists.ts';
import { layout, separatorIssue, separatorOnlyInText } from './layout.ts';
import { defineSource } from './source-type.ts';

const hubFile = z
  .strictObject({
    path: z
      .string()
      .refine((path) => path.split('/').every((name) => !['', '.', '..'].includes(name)), {
        message: 'expected a path inside the repository, such as data/train.txt',
      })
      .describe('path inside the repository'),
    bytes: z.int().min(1).describe('size of the whole file'),
    sha256: checksum,
    firstBytes: z
      .int()
      .min(1)
      .optional()
      .describe('fetch only so many bytes from the beginning of the file; the document that is cut there is dropped'),
  })
  .describe('a file of the repository, pinned by size and checksum');

const parameters = z
  .strictObject({
    type: z.literal('hub'),
    repository: z
      .string()
      .regex(
        /^((datasets|spaces)\/|(?!(datasets|spaces)\/))[\w.-]+\/[\w.-]+$/,
        'expected datasets/<owner>/<name>, or <owner>/<name> for a model repository',
      )
      .describe('repository on the Hugging Face hub, e.g. datasets/roneneldan/TinyStories'),
    revision: z
      .string()
      .regex(/^[0-9a-f]{40}$/, 'expected a commit: 40 hexadecimal digits (a branch or tag can change its content)')
      .describe('commit of the repository'),
    train: z.union([hubFile, z.array(hubFile).min(1)]).describe('training file, or several read one after the other'),
    validation: z
      .union([hubFile, z.array(hubFile).min(1)])
      .optional()
      .describe('validation file or files'),
    ...layout,
    ...fallback('hub'),
  })
  .refine(separatorOnlyInText, separatorIssue)
  .refine(
    ({ format, train, validation }) =>
      format !== 'parquet' || [train, validation ?? []].flat().every((file) => file.firstBytes === undefined),
    { path: ['train'], message: 'firstBytes cannot be used with parquet, whose index is at the end of the file' },
  );

export type HubSource = z.infer<typeof parameters>;

/** Without its fallback. */
export interface ResolvedHubSource extends Omit<HubSource, 'train' | 'validation' | 'whenUnreachable' | 'embedded'> {
  train: HubFile[];
  validation?: HubFile[];
}

/** Parquet files are compressed; text is about so many times as large. */
const PARQUET_RATIO = 2.5;

export const hub = defineSource<typeof parameters, ResolvedHubSource>({
  parameters,
  cacheable: ({ whenUnreachable }) => whenUnreachable === 'fail',
  textBytes({ train, validation = [], format }) {
    const bytes = [train, validation].flat(2).reduce((sum, file) => sum + (file.firstBytes ?? file.bytes), 0);
    return format === 'parquet' ? PARQUET_RATIO * bytes : bytes;
  },
  async resolve(source) {
    const { train, validation, ...rest } = withoutFallback(source);
    const resolved = { ...rest, train: [train].flat(), ...(validation && { validation: [validation].flat() }) };
    requireDisjoint(resolved);
    return resolved;
  },
  server: {
    name: 'hub',
    fallback: embeddedInstead,
    async probe(source, { env = process.env }) {
      const { locateHubFile } = await import('../hub.ts');
      const { hubAccess } = await import('../hub-access.ts');
      const access = hubAccess(env);
      return {
        what: source.repository,
        address: access.endpoint,
        ask: (network) => locateHubFile(source, source.train[0]!, access, network),
      };
    },
  },
  layout: (source) => source,
  async obtain(source, options) {
    const { obtainHubFile } = await import('../hub.ts');
    return obtainEach(source, (file) => obtainHubFile(source, file, options));
  },
  describe({ repository, revision, train }) {
    const firstBytes = train[0]?.firstBytes;
    const part = firstBytes === undefined ? '' : `, first ${(firstBytes / 1e6).toFixed(1)} MB`;
    return `${repository}@${revision.slice(0, 7)} ${describeList(train)}${part}`;
  },
  revision: ({ revision }) => revision,
  licence: ({ licence }) => licence,
  listing: listingOf,
  summary: summaryOfLists,
});
