// @ts-check
/**
 * @file The plugin's TypeScript and every stage's declaration as one JavaScript file, `.work/nx/plugin.mjs`, which loads in an eighth of the time
 * that a TypeScript loader takes for its sources. Every `nx` command waits for it.
 *
 * The file begins with what it was made of: the digest of each source. It is used only where all of them are as they were, and made again
 * otherwise. Several processes may do that at once; each puts a whole file in place.
 */
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, extname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * What a bundle is.
 * @typedef {object} Heading
 * @property {string} entry the module that names all others
 * @property {Record<string, string>} files SHA-256 by path from the root, also of files that decide which others are found
 * @property {string} code SHA-256 of what follows
 */

/** Imports the bundle of a workspace, made again where it is not of the sources as they are now. @param {string} root */
export async function importBundle(root) {
  const path = join(root, '.work', 'nx', 'plugin.mjs');
  const digest = findFresh(root, path) ?? (await writeBundle(root, path));
  return import(`${pathToFileURL(path).href}?${digest}`); // Node loads a URL only once
}

/** The digest of the bundle's code, where there is one that is whole and of the sources as they are now. @param {string} root @param {string} path */
function findFresh(root, path) {
  try {
    const content = readFileSync(path, 'utf8');
    const end = content.indexOf('\n');
    /** @type {Heading} */
    const { entry, files, code } = JSON.parse(content.slice('// '.length, end));
    const fresh =
      entry === entryOf(root) &&
      code === sha256(content.slice(end + 1)) &&
      Object.entries(files).every(([file, digest]) => sha256(readFileSync(join(root, file))) === digest);
    return fresh ? code : undefined;
  } catch {
    return undefined; // there is none yet, it is damaged, or one of its sources is gone
  }
}

/** @param {string | Buffer} content */
const sha256 = (content) => createHash('sha256').update(content).digest('hex');

/** The module that is bundled. @param {string} root */
function entryOf(root) {
  const stages = readdirSync(join(root, 'stages'))
    .filter((stage) => existsSync(join(root, 'stages', stage, 'src', 'declaration.ts')))
    .sort();
  return [
    `export * from './shared/pipeline/src/nx/index.ts';`,
    ...stages.map((stage, i) => `import stage${i} from './stages/${stage}/src/declaration.ts';`),
    `export const declarations = new Map([${stages.map((stage, i) => `['${stage}', stage${i}]`).join(', ')}]);`,
  ].join('\n');
}

/** @param {string} root @param {string} path @returns the digest of its code */
async function writeBundle(root, path) {
  const { build } = await import('esbuild');
  const entry = entryOf(root);
  /** @type {Record<string, string>} */
  const files = {};
  const packages = ['shared', 'stages'].flatMap((folder) =>
    readdirSync(join(root, folder)).map((name) => join(root, folder, name)),
  );
  for (const file of [import.meta.filename, ...packages.map((folder) => join(folder, 'package.json'))])
    if (existsSync(file)) files[relative(root, file)] = sha256(readFileSync(file));

  const { outputFiles } = await build({
    absWorkingDir: root,
    stdin: { contents: entry, resolveDir: root, loader: 'ts' },
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'silent',
    tsconfigRaw: '{}', // what tsconfig.json says does not matter here, and is one source less
    banner: {
      js: `import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);`,
    },
    plugins: [
      {
        name: 'digests',
        setup(building) {
          // What a declaration loads when its stage runs is not the plugin's.
          building.onResolve({ filter: /./ }, ({ path: name, kind }) =>
            kind === 'dynamic-import' ? { path: name, external: true } : undefined,
          );
          // Read once for both, so that a file edited meanwhile cannot be under the digest of another.
          building.onLoad({ filter: /\.(?:ts|[cm]?js|json)$/ }, ({ path: file }) => {
            const contents = readFileSync(file);
            files[relative(root, file)] = sha256(contents);
            const extension = extname(file);
            return { contents, loader: extension === '.ts' ? 'ts' : extension === '.json' ? 'json' : 'js' };
          });
        },
      },
    ],
  });
  const text = outputFiles[0]?.text ?? '';
  const code = sha256(text);
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${randomUUID().slice(0, 8)}.tmp`;
  try {
    writeFileSync(temporary, `// ${JSON.stringify({ entry, files, code })}\n${text}`);
    renameSync(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
  }
  return code;
}
