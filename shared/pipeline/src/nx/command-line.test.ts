import { cpSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { parameterNames } from '../parameter-names.ts';
import { loadDeclarations } from '../workspace.ts';
import { NX_OPTIONS } from './arguments.ts';
import { readCommandLine } from './command-line.ts';

const REPOSITORY = resolve(import.meta.dirname, '../../../..');

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'command-line-'));
  symlinkSync(join(REPOSITORY, 'node_modules'), join(root, 'node_modules'));
  cpSync(join(REPOSITORY, 'pipelines/project.json'), join(root, 'pipelines/project.json'));
  declare('chunk', 'contextLength: z.int()');
  declare('evaluate', 'batchSize: z.int()');
  declare('train', 'batchSize: z.int(), steps: z.int(), optimizer: z.strictObject({ learningRate: z.number() })');
});

function declare(name: string, parameters: string): void {
  const folder = join(root, 'stages', name, 'src');
  mkdirSync(folder, { recursive: true });
  const fields = `name: '${name}', description: '', inputs: [], parameters: z.strictObject({ ${parameters} })`;
  writeFileSync(join(folder, 'declaration.ts'), `import * as z from 'zod';\nexport default { ${fields} };\n`);
}

const read = async (...args: string[]) => readCommandLine(root, args, await loadDeclarations(root));

test.each([
  [['run', 'train:tiny', '--steps=300'], 'train', 'tiny', ['--steps=300']],
  [['run', 'train:tiny', '--steps', '300', '--skip-nx-cache'], 'train', 'tiny', ['--steps=300']],
  [['train:tiny', '--prompts=["costs $HOME, `id`"]'], 'train', 'tiny', ['--prompts=["costs $HOME, `id`"]']],
  [['tiny', 'train', '--steps=300'], 'train', 'tiny', ['--steps=300']],
  [['run', 'pipeline:tiny', '--train.steps=300'], 'pipeline', 'tiny', ['--train.steps=300']],
  [['run', 'pipeline:tiny', '--parallel=1', '--outputStyle', 'static', '--no-tui'], 'pipeline', 'tiny', []],
  [['run', 'pipeline:gc', '--delete'], 'pipeline', 'gc', ['--delete']],
  [['run', 'pipeline:runs', '--where', 'name: x'], 'pipeline', 'runs', ['--where=name: x']],
  [['run', 'pipeline:runs', '--all', '--verbose'], 'pipeline', 'runs', ['--all']], // also Nx's, which has no use for it here
  [['run', 'train:tiny', '--all'], 'train', 'tiny', []],
])('%j runs what it says with flags as they were typed', async (args, project, pipeline, flags) => {
  expect(await read(...args)).toEqual({
    target: { project, pipeline },
    isCommand: pipeline === 'gc' || pipeline === 'runs',
    flags,
  });
});

test.each([
  [['run', 'pipeline:tiny', 'train.steps=5'], /"train\.steps=5" is no flag[^]*did you mean --train\.steps=5\?$/],
  [['run', 'pipeline:tiny', '-train.steps=5'], /did you mean --train\.steps=5\?$/],
  [['run', 'pipeline:tiny', '\u2014train.steps=5'], /did you mean --train\.steps=5\?$/],
  [['run', 'pipeline:tiny', 'train.steps', '5'], /did you mean --train\.steps=5\?$/],
  [
    ['run', 'pipeline:tiny', '--train.batchSize', '2', 'steps=5'],
    /"steps=5" is no[^]*did you mean --train\.steps=5\?$/,
  ],
  [['run', 'train:tiny', 'steps=5'], /did you mean --steps=5\?$/],
  [['tiny', 'train', 'steps=5'], /did you mean --steps=5\?$/],
  [['run', 'pipeline:tiny', 'gone'], /"gone" is no flag[^]*leave it out/],
  [['run', 'pipeline:tiny', 'other'], /one after the other: npx arrowsmith run tiny, then npx arrowsmith run other$/],
  [['run', 'pipeline:gc', 'delete'], /"delete" is no flag[^]*--<option>=<value>/],
])('%j has a word that Nx would pass over: it is refused', async (args, message) => {
  writeFileSync(join(root, 'pipelines/other.yaml'), '');
  await expect(read(...args)).rejects.toThrow(message);
});

test('a parameter of a pipeline without its stage is refused, with the commands that work', async () => {
  await expect(read('run', 'pipeline:tiny', '--steps=300')).rejects.toThrow(
    /has to be named[^]*npx nx run pipeline:tiny --train\.steps=300$/,
  );
  await expect(read('run', 'pipeline:tiny', '--batchSize', '4')).rejects.toThrow(
    /--evaluate\.batchSize=4, or [^]*--train\.batchSize=4$/,
  );
  await expect(read('run', 'pipeline:tiny', '--optimizer.learningRate=1e-3', '--verbose')).rejects.toThrow(
    /--train\.optimizer\.learningRate=1e-3$/,
  );
});

test('a flag that is nothing at all is refused before anything runs', async () => {
  await expect(read('run', 'pipeline:tiny', '--stpes=300')).rejects.toThrow(/no parameter of any stage/);
});

test('a parameter given to several targets at once is refused, since it would be lost', async () => {
  await expect(read('run-many', '-t', 'tiny', '--steps=300')).rejects.toThrow(/would be lost[^]*PIPELINE_SET/);
  expect(await read('run-many', '-t', 'tiny', '--parallel=2')).toEqual({ isCommand: false, flags: [] });
  expect(await read('show', 'project', 'train')).toEqual({ isCommand: false, flags: [] });
});

test('no parameter of a stage has the name of an option of Nx', async () => {
  for (const declaration of (await loadDeclarations(REPOSITORY)).values()) {
    for (const name of parameterNames(declaration)) expect(NX_OPTIONS.has(name.toLowerCase()), name).toBe(false);
  }
});
