/**
 * @file Which package may import which, and that each declares what it imports. Stages stand on training, generation, quantization, bpe and
 * corpus, these on model, model on ops, ops on the backends, everything on errors; the engine, which chooses a backend and starts it, is a matter
 * of stages and commands, and of tests; artifacts and pipeline know nothing of models; nothing imports a stage.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sourceParameters } from '@arrowsmith/corpus/parameters';
import { fingerprintStage, stageNames } from '@arrowsmith/pipeline';
import { REPOSITORY } from './support/workspace.ts';

const CRAFTS = ['training', 'quantization', 'bpe', 'corpus'];

/** Training learns for the formats of quantization, which knows nothing of it. */
const CRAFTS_MAY_IMPORT = ['model', 'ops', 'backend', 'artifacts', 'errors'];

/**
 * What generation does with tokens alone stands as low as other crafts; what loads models, takes texts, or is a process of its own stands above all that
 * this needs.
 */
const TEXT_FOLDERS = ['library', 'text', 'tiers'].map((folder) => `shared/generation/src/${folder}/`);

/** What each shared package may import of the others. A new package takes its place here. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  errors: [],
  artifacts: ['errors'],
  pipeline: ['artifacts', 'errors'],
  reporting: ['errors'],
  regression: ['pipeline', 'reporting', 'artifacts', 'errors'],
  runs: ['regression', 'pipeline', 'reporting', 'quantization', 'artifacts', 'errors'],
  cli: ['pipeline', 'errors'],
  generation: ['model', 'ops', 'backend', 'errors'],
  inference: [
    'runs',
    'pipeline',
    'generation',
    'training',
    'import',
    'export',
    'quantization',
    'bpe',
    'engine',
    'model',
    'errors',
  ],
  server: ['inference', 'runs', 'pipeline', 'generation', 'bpe', 'model', 'engine', 'errors'],
  'backend-native': ['errors'],
  'backend-webgpu': ['backend-native', 'errors'],
  backend: ['backend-native'],
  ops: ['backend-native', 'errors'],
  engine: ['ops', 'backend', 'backend-native', 'backend-webgpu', 'errors'],
  model: ['ops', 'backend', 'errors'],
  formats: ['quantization', 'model', 'ops', 'errors'],
  web: ['generation', 'formats', 'quantization', 'bpe', 'model', 'ops', 'errors'],
  export: ['web', 'formats', 'bpe', 'corpus', 'quantization', 'model', 'errors'],
  import: ['export', 'formats', 'bpe', 'quantization', 'model', 'errors'],
  'training-session': [
    'training',
    'generation',
    'bpe',
    'model',
    'engine',
    'backend',
    'backend-native',
    'pipeline',
    'artifacts',
    'errors',
  ],
  ...Object.fromEntries(CRAFTS.map((name) => [name, CRAFTS_MAY_IMPORT])),
  training: ['quantization', ...CRAFTS_MAY_IMPORT],
};

/** Of the files in {@link TEXT_FOLDERS}. */
const TEXTS_MAY_IMPORT = [
  'runs',
  'pipeline',
  'quantization',
  'import',
  'formats',
  'bpe',
  'engine',
  'model',
  'ops',
  'backend',
  'errors',
];

/** Tests of what computes with tensors start the engine themselves; the code that they test takes the one that is there. */
const TESTS_MAY_IMPORT = Object.fromEntries(
  ['ops', 'model', 'formats', 'generation', 'web', ...CRAFTS].map((name) => [
    name,
    ['engine', 'backend', 'backend-webgpu'],
  ]),
);

interface Import {
  file: string;
  specifier: string;
}

interface PackageJson {
  name: string;
  exports?: Record<string, string>;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

/** All code below a folder, as paths relative to the repository. */
function codeFiles(folder: string): string[] {
  return readdirSync(join(REPOSITORY, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(ts|mjs)$/.test(file) && !file.includes('node_modules'))
    .map((file) => join(folder, file));
}

/** What a file imports, also only for its types, when needed, or for its files; examples in comments and in indented text are none. */
function importsOf(file: string): Import[] {
  const code = readFileSync(join(REPOSITORY, file), 'utf8').replaceAll(/^\s*(\/?\*|\/\/).*$/gm, '');
  const matches = [
    ...code.matchAll(/^(?:import|export)\b[^'"`;]*?\bfrom '([^']+)'/gm),
    ...code.matchAll(/^import '([^']+)'/gm),
    ...code.matchAll(/\bimport\('([^']+)'\)/g),
    ...code.matchAll(/\bresolve\('([^']+)\/package\.json'\)/g),
  ];
  return matches.map((match) => ({ file, specifier: match[1]! }));
}

const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

const isPackage = ({ specifier }: Import): boolean => !specifier.startsWith('.') && !specifier.startsWith('node:');

const isTest = ({ file }: Pick<Import, 'file'>): boolean => /\.test\.ts$|\/testing\/|^test\//.test(file);

/** All that importing a file loads: files of the workspace, and packages from outside by their names. Imports of types load nothing. */
function loadedBy(file: string, loaded = new Set<string>()): Set<string> {
  if (loaded.has(file)) return loaded;
  loaded.add(file);
  const code = readFileSync(join(REPOSITORY, file), 'utf8');
  for (const [, specifier] of code.matchAll(/^(?:import|export)\b(?! type\b)(?:[^'"`;]*?\bfrom)? '([^']+)'/gm)) {
    const target = fileOf(specifier!, file);
    if (target === undefined) loaded.add(packageOf(specifier!));
    else loadedBy(target, loaded);
  }
  return loaded;
}

/** The file of the workspace that an import names; undefined for a package from outside. */
function fileOf(specifier: string, importer: string): string | undefined {
  if (specifier.startsWith('.')) return join(dirname(importer), specifier);
  const folder = shared.find((each) => packageJson(each).name === packageOf(specifier));
  if (folder === undefined) return undefined;
  return join(folder, packageJson(folder).exports![specifier.replace(packageOf(specifier), '.')]!);
}

const packageJson = (folder: string) =>
  JSON.parse(readFileSync(join(REPOSITORY, folder, 'package.json'), 'utf8')) as PackageJson;

const below = (folder: string): string[] => readdirSync(join(REPOSITORY, folder)).map((name) => join(folder, name));

const shared = below('shared');
const stages = below('stages');
const root = packageJson('.');

test('the code is read right', () => {
  const found = importsOf('stages/download/src/declaration.ts').map(({ specifier }) => specifier);
  expect(found).toEqual([
    'zod',
    '@arrowsmith/corpus/parameters',
    '@arrowsmith/pipeline/stage',
    './resolve.ts',
    './resolve.ts',
  ]);
});

describe('imports run one way', () => {
  test('every shared package has a place', () => {
    expect(shared.map((folder) => folder.replace('shared/', '')).sort()).toEqual(Object.keys(MAY_IMPORT).sort());
  });

  test.each(shared)('%s imports only what is below it', (folder) => {
    const name = folder.replace('shared/', '');
    const named = (names: readonly string[] = []) => names.map((other) => `@arrowsmith/${other}`);
    const allowed = named([name, ...(MAY_IMPORT[name] ?? [])]);
    const allowedInTests = [...allowed, ...named(TESTS_MAY_IMPORT[name])];
    const allowedInTexts = named([name, ...TEXTS_MAY_IMPORT]);
    const allowedIn = (each: Import) => {
      if (TEXT_FOLDERS.some((of) => each.file.startsWith(of))) return allowedInTexts;
      return isTest(each) ? allowedInTests : allowed;
    };
    const wrong = codeFiles(folder)
      .flatMap(importsOf)
      .filter(({ specifier }) => specifier.startsWith('@arrowsmith/'))
      .filter((each) => !allowedIn(each).includes(packageOf(each.specifier)));
    expect(wrong).toEqual([]);
  });

  test('what stages write samples with loads nothing of what loads models', () => {
    const imports = stages.flatMap(codeFiles).flatMap(importsOf);
    const taken = imports.filter(({ specifier }) => packageOf(specifier) === '@arrowsmith/generation');
    expect(new Set(taken.map(({ specifier }) => specifier))).toEqual(
      new Set(['@arrowsmith/generation/samples', '@arrowsmith/generation/parameters']),
    );
    const loaded = [...loadedBy('shared/generation/src/samples.ts')];
    expect(loaded.filter((file) => TEXT_FOLDERS.some((of) => file.startsWith(of)))).toEqual([]);
  });

  test('nothing imports a stage, stages included', () => {
    const names = stages.map((folder) => packageJson(folder).name);
    const imports = ['shared', 'stages', 'scripts', 'test'].flatMap(codeFiles).flatMap(importsOf);
    expect(imports.length).toBeGreaterThan(300);
    expect(imports.filter(({ specifier }) => names.includes(packageOf(specifier)))).toEqual([]);
  });

  test('packages reach each other by name, never by a path; only tests may reach what is there for testing', () => {
    const home = (path: string) => path.split('/').slice(0, 2).join('/');
    const imports = ['shared', 'stages', 'scripts', 'test'].flatMap(codeFiles).flatMap(importsOf);
    const wrong = imports.filter((each) => {
      if (!each.specifier.startsWith('.')) return false;
      const target = join(dirname(each.file), each.specifier);
      if (isTest(each) && target.includes('/testing/')) return false;
      return /^(shared|stages)\//.test(target) && home(target) !== home(each.file);
    });
    expect(wrong).toEqual([]);
  });
});

test.each(stages)('the declaration of %s loads no package but zod, so that it is there in milliseconds', (folder) => {
  const loaded = [...loadedBy(join(folder, 'src/declaration.ts'))];
  expect(loaded.filter((name) => !/^(shared|stages)\/|^node:/.test(name))).toEqual(['zod']);
});

describe('declared dependencies', () => {
  test.each([...shared, ...stages])('%s declares exactly what it imports', (folder) => {
    const { name, dependencies = {}, devDependencies = {} } = packageJson(folder);
    const imports = codeFiles(folder).flatMap(importsOf).filter(isPackage);
    const namesOf = (some: Import[]) =>
      new Set(some.map(({ specifier }) => packageOf(specifier)).filter((other) => other !== name));
    const inCode = namesOf(imports.filter((each) => !isTest(each)));
    const inTests = namesOf(imports.filter(isTest));
    const declared = Object.keys(dependencies).filter((other) => !other.startsWith('@types/'));
    expect([...inCode].sort(), 'imported by the code').toEqual(declared.sort());
    expect(
      Object.keys(devDependencies).filter((other) => !inTests.has(other)),
      'not imported by a test',
    ).toEqual([]);
    const known = { ...dependencies, ...devDependencies, ...root.devDependencies };
    expect(
      [...inTests].filter((other) => !(other in known)),
      'imported by a test, but not declared',
    ).toEqual([]);
  });

  test('the packages of the workspace ask for one version of everything, the exact one', () => {
    const asked = [root, ...[...shared, ...stages].map(packageJson)].flatMap(({ dependencies, devDependencies }) =>
      Object.entries({ ...dependencies, ...devDependencies }),
    );
    const versions = new Map<string, Set<string>>();
    for (const [name, version] of asked) versions.set(name, (versions.get(name) ?? new Set()).add(version));
    expect([...versions].filter(([, found]) => found.size > 1)).toEqual([]);
    expect(asked.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });

  test('what a stage reaches is installed at the root, where the file that runs it looks', async () => {
    for (const stage of await stageNames(REPOSITORY)) {
      const { packages } = await fingerprintStage(REPOSITORY, stage);
      const names = Object.keys(packages).map((path) => path.replace(/^.*node_modules\//, ''));
      expect(names).toContain('zod');
      const nested = [...shared, ...stages].flatMap((folder) =>
        names.map((name) => join(folder, 'node_modules', name)),
      );
      expect(nested.filter((path) => existsSync(join(REPOSITORY, path)))).toEqual([]);
    }
  });
});

describe('what reads results reads them by kind', () => {
  /** Those that run pipelines, keep, compare, show, guard and use what came of them. */
  const READERS = ['pipeline', 'runs', 'reporting', 'regression', 'inference', 'server', 'cli'];
  /** Runs of before steps had names know no kinds; and a run that is made up needs names. */
  const EXCEPT = /\.test\.ts$|\/testing\/|\/ledger\/before-steps\.ts$|\/example-run\.ts$/;
  /** `tokenizer` is the name of a kind, too, `export` and `evaluate` those of commands, and `merge` a word of tokenizers. */
  const names = stages
    .map((folder) => folder.replace('stages/', ''))
    .filter((name) => !['tokenizer', 'export', 'evaluate', 'merge'].includes(name))
    .join('|');
  const named = new RegExp(`['"\`](?:${names})['"\`]|\\b(?:steps|stages)\\??\\.(?:${names})\\b`);

  test.each(READERS)('%s knows no stage by its name', (folder) => {
    const wrong = codeFiles(`shared/${folder}`)
      .filter((file) => !EXCEPT.test(file))
      .filter((file) => named.test(withoutComments(readFileSync(join(REPOSITORY, file), 'utf8'))));
    expect(wrong).toEqual([]);
  });

  test('a name is found where there is one, and not in what is said of it', () => {
    expect(named.test(withoutComments(`const { metrics } = run.steps['train']!;`))).toBe(true);
    expect(named.test(withoutComments(`if (stage === 'evaluate') return run.steps.quantize;`))).toBe(true);
    expect(named.test(withoutComments(`/** Of \`train\`, say. */ const steps = of('training'); // 'train'`))).toBe(
      false,
    );
  });
});

describe('what reads text asks its source', () => {
  const types = sourceParameters.options.map((option) => option.shape.type.value).join('|');
  const told = new RegExp(`(?:[!=]==?|\\bcase)\\s*['"\`](?:${types})['"\`]`);

  test.each(['shared', 'stages'])('%s tells no source by its type', (folder) => {
    const wrong = codeFiles(folder)
      .filter((file) => !isTest({ file }) && !file.startsWith('shared/corpus/src/sources/'))
      .filter((file) => told.test(withoutComments(readFileSync(join(REPOSITORY, file), 'utf8'))));
    expect(wrong).toEqual([]);
  });

  test('a type is found where something depends on it', () => {
    expect(told.test(`if (source.type !== 'pictures') return;`)).toBe(true);
    expect(told.test(`switch (type) { case 'hub':`)).toBe(true);
    expect(told.test(`const { cacheable } = sourceTypeOf({ type: 'hub' });`)).toBe(false);
  });
});

const withoutComments = (code: string): string => code.replaceAll(/\/\*[^]*?\*\/|(?<![:'"`])\/\/.*$/gm, '');

test('zod is imported as a namespace: by its name z all languages of its errors would come into every bundle', () => {
  const named = ['shared', 'stages'].flatMap(codeFiles).filter((file) => {
    const text = readFileSync(join(REPOSITORY, file), 'utf8');
    return /^import \{[^}]*\bz\b[^}]*\} from 'zod'/m.test(text);
  });
  expect(named).toEqual([]);
});
