/** @file What the identity of a stage's code depends on, in a small workspace: two stages, each with a library of its own and one in common. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { fingerprintStage } from './code.ts';

const FILES = {
  'stages/train/src/stage.ts': `
    import alpha from 'alpha/subpath';
    import { cosine } from '@arrowsmith/schedules';
    import declaration from './declaration.ts';
    export default { declaration, run: async () => [alpha, cosine(1), (await import('./late.ts')).late] };
  `,
  'stages/train/src/declaration.ts': `export default { name: 'train' };`,
  'stages/train/src/late.ts': `export const late = 'loaded when needed';`,
  'stages/chunk/src/stage.ts': `
    import { readFileSync } from 'node:fs';
    import { pack } from '@arrowsmith/packing';
    export default { run: () => pack(readFileSync('text', 'utf8')) };
  `,
  'shared/schedules/src/index.ts': `export * from './cosine.ts';\nexport * from './linear.ts';\n`,
  'shared/schedules/src/cosine.ts': `
    import { clamp } from '@arrowsmith/numbers';
    const HALF = 0.5;
    export const cosine = (step: number): number => HALF * (1 + Math.cos(clamp(step)));
  `,
  'shared/schedules/src/linear.ts': `export const linear = (step: number): number => step;\n`,
  'shared/packing/src/index.ts': `
    import { clamp } from '@arrowsmith/numbers';
    export const pack = (text: string): number => clamp(text.length);
  `,
  'shared/numbers/src/index.ts': `export const clamp = (x: number): number => Math.min(1, x);\n`,
};

/** Two versions of `beta`: the one that `alpha` was given is nested in it. */
const LOCK = {
  'node_modules/alpha': { version: '1.0.0', integrity: 'sha512-alpha', dependencies: { beta: '^1' } },
  'node_modules/alpha/node_modules/beta': {
    version: '1.0.0',
    integrity: 'sha512-beta-1',
    dependencies: { gamma: '*' },
  },
  'node_modules/beta': { version: '2.0.0', integrity: 'sha512-beta-2' },
  'node_modules/gamma': { version: '1.0.0', integrity: 'sha512-gamma', optionalDependencies: { 'not-locked': '*' } },
  'node_modules/delta': { version: '1.0.0', integrity: 'sha512-delta' },
};

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'code-'));
  for (const [path, content] of Object.entries(FILES)) write(path, content);
  mkdirSync(join(root, 'node_modules/@arrowsmith'), { recursive: true });
  for (const name of ['schedules', 'packing', 'numbers']) {
    const manifest = {
      name: `@arrowsmith/${name}`,
      type: 'module',
      sideEffects: false,
      exports: { '.': './src/index.ts' },
    };
    write(`shared/${name}/package.json`, JSON.stringify(manifest));
    symlinkSync(`../../shared/${name}`, join(root, 'node_modules/@arrowsmith', name));
  }
  lock(LOCK);
});

function write(path: string, content: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

function edit(path: keyof typeof FILES, from: string, to: string): void {
  const before = readFileSync(join(root, path), 'utf8');
  expect(before).toContain(from);
  write(path, before.replace(from, to));
}

const lock = (packages: Record<string, object>) => write('package-lock.json', JSON.stringify({ packages }));

const identity = async (stage: string): Promise<string> => (await fingerprintStage(root, stage)).sha256;

/** The stages whose identity an edit changes. */
async function changedBy(change: () => void): Promise<string[]> {
  const stages = ['chunk', 'train'];
  const before = await Promise.all(stages.map(identity));
  change();
  const after = await Promise.all(stages.map(identity));
  return stages.filter((_, i) => before[i] !== after[i]);
}

describe('changes no identity:', () => {
  test('a comment', async () => {
    const change = () =>
      edit('shared/schedules/src/cosine.ts', 'const HALF', '/** @license Half. */ // a half\n const HALF');
    expect(await changedBy(change)).toEqual([]);
  });

  test('formatting and types', async () => {
    const change = () => {
      edit('shared/schedules/src/cosine.ts', '(1 + Math.cos', '(\n        1+Math.cos');
      edit('shared/packing/src/index.ts', '(text: string): number', '(text: `${string}`)');
    };
    expect(await changedBy(change)).toEqual([]);
  });

  test('a test and a document', async () => {
    const change = () => {
      write('stages/train/src/stage.test.ts', `import stage from './stage.ts';\nconsole.log(stage);`);
      write('stages/train/README.md', 'Words.');
    };
    expect(await changedBy(change)).toEqual([]);
  });

  test('an export that nothing uses, also one of a name that is used elsewhere', async () => {
    const change = () => {
      edit(
        'shared/schedules/src/linear.ts',
        '=> step;',
        '=> HALF * step;\nconst HALF = 2;\nexport const clamp = linear;',
      );
      edit('shared/numbers/src/index.ts', 'export', `export { late } from './late.ts';\nexport`);
      write('shared/numbers/src/late.ts', `export const late = 'never';`);
    };
    expect(await changedBy(change)).toEqual([]);
  });

  test('the folder that the workspace is in', async () => {
    const before = await identity('train');
    const elsewhere = mkdtempSync(join(tmpdir(), 'code-elsewhere-'));
    cpSync(root, elsewhere, { recursive: true, verbatimSymlinks: true });
    root = elsewhere;
    expect(await identity('train')).toBe(before);
  });
});

describe('changes the identity of exactly the stages that use it:', () => {
  test('a semantic edit in a library', async () => {
    expect(await changedBy(() => edit('shared/schedules/src/cosine.ts', '0.5', '0.25'))).toEqual(['train']);
    expect(await changedBy(() => edit('shared/packing/src/index.ts', 'text.length', 'text.length + 1'))).toEqual([
      'chunk',
    ]);
  });

  test('a semantic edit in a library of the libraries', async () => {
    expect(await changedBy(() => edit('shared/numbers/src/index.ts', 'Math.min', 'Math.max'))).toEqual([
      'chunk',
      'train',
    ]);
  });

  test('a semantic edit in what is loaded only when needed', async () => {
    expect(await changedBy(() => edit('stages/train/src/late.ts', 'when needed', 'late'))).toEqual(['train']);
  });

  test('a message, for it can end in an artifact', async () => {
    expect(await changedBy(() => edit('stages/train/src/declaration.ts', 'train', 'Train'))).toEqual(['train']);
  });

  test.each([
    ['of a package that it imports', 'node_modules/alpha'],
    ['of a package that another one brings, in the version that it was given', 'node_modules/alpha/node_modules/beta'],
    ['of a package further down', 'node_modules/gamma'],
  ])('the locked content %s', async (_, key) => {
    const integrity = 'sha512-other';
    expect(await changedBy(() => lock({ ...LOCK, [key]: { ...LOCK[key as keyof typeof LOCK], integrity } }))).toEqual([
      'train',
    ]);
  });

  test('the locked version of a package without a checksum (one from Git)', async () => {
    lock({ ...LOCK, 'node_modules/gamma': { version: '1.0.0' } });
    expect(await changedBy(() => lock({ ...LOCK, 'node_modules/gamma': { version: '1.0.1' } }))).toEqual(['train']);
  });

  test('an optional package that is now there', async () => {
    const change = () => lock({ ...LOCK, 'node_modules/not-locked': { version: '1.0.0', integrity: 'sha512-new' } });
    expect(await changedBy(change)).toEqual(['train']);
  });
});

test('a package that a stage does not reach, and another version of one that it does, do not count', async () => {
  const other = { version: '9.0.0', integrity: 'sha512-other' };
  expect(await changedBy(() => lock({ ...LOCK, 'node_modules/delta': other, 'node_modules/beta': other }))).toEqual([]);
});

test('the packages reached are listed by where they are installed', async () => {
  expect((await fingerprintStage(root, 'train')).packages).toEqual({
    'node_modules/alpha': 'sha512-alpha',
    'node_modules/alpha/node_modules/beta': 'sha512-beta-1',
    'node_modules/gamma': 'sha512-gamma',
  });
  expect((await fingerprintStage(root, 'chunk')).packages).toEqual({}); // node: modules are not packages
});

test('files that a package opens at run time count by content, where the stage reaches the package', async () => {
  const manifest = JSON.parse(readFileSync(join(root, 'shared/schedules/package.json'), 'utf8')) as object;
  write('shared/schedules/package.json', JSON.stringify({ ...manifest, runtimeFolders: ['kernels'] }));
  write('shared/schedules/kernels/a.wgsl', 'a');
  const [train, chunk] = [await identity('train'), await identity('chunk')];
  write('shared/schedules/kernels/test/a.test.wgsl', 'folders below do not count');
  expect(await identity('train')).toBe(train);
  write('shared/schedules/kernels/a.wgsl', 'b');
  expect(await identity('train')).not.toBe(train);
  expect(await identity('chunk')).toBe(chunk);
});

test('what a package bundles at run time counts as stages do: by what is used of it, packages included', async () => {
  const manifest = JSON.parse(readFileSync(join(root, 'shared/packing/package.json'), 'utf8')) as object;
  write('shared/packing/package.json', JSON.stringify({ ...manifest, runtimeBundles: ['src/page.ts'] }));
  write(
    'shared/packing/src/page.ts',
    `import { cosine } from '@arrowsmith/schedules';\nimport delta from 'delta';\ndocument.title = delta(cosine(1));\n`,
  );
  const page = () => edit('shared/schedules/src/cosine.ts', '0.5', '0.25');
  expect(await changedBy(page)).toEqual(['chunk', 'train']);
  expect(await changedBy(() => edit('shared/schedules/src/linear.ts', '=> step', '=> 2 * step'))).toEqual([]);
  expect(await changedBy(() => write('shared/packing/src/page.ts', `// words\n${readFileSync(join(root, 'shared/packing/src/page.ts'), 'utf8')}`))).toEqual([]); // prettier-ignore
  const other = { version: '9.0.0', integrity: 'sha512-other' };
  expect(await changedBy(() => lock({ ...LOCK, 'node_modules/delta': other }))).toEqual(['chunk']);
});

test('two stages of equal code are two stages', async () => {
  write('stages/copy/src/stage.ts', FILES['stages/chunk/src/stage.ts']);
  expect(await identity('copy')).not.toBe(await identity('chunk'));
});

test('code that cannot be bundled is an error that names the file', async () => {
  edit('stages/train/src/stage.ts', '@arrowsmith/schedules', '@arrowsmith/nothing');
  await expect(identity('train')).rejects.toThrow(/stages\/train\/src\/stage\.ts[^]*@arrowsmith\/nothing/);
});
