import { cpSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { loadDeclarations } from '../workspace.ts';
import { refuseParameters } from './refuse-parameters.ts';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'refuse-'));
  const repository = resolve(import.meta.dirname, '../../../..');
  symlinkSync(join(repository, 'node_modules'), join(root, 'node_modules'));
  cpSync(join(repository, 'pipelines/project.json'), join(root, 'pipelines/project.json'));
  declare('chunk', 'contextLength: z.int()');
  declare('evaluate', 'batchSize: z.int()');
  declare('train', 'batchSize: z.int(), steps: z.int(), optimizer: z.strictObject({ learningRate: z.number() })');
});

function declare(name: string, parameters: string): void {
  const folder = join(root, 'stages', name, 'src');
  mkdirSync(folder, { recursive: true });
  const fields = `name: '${name}', description: '', inputs: [], parameters: z.strictObject({ ${parameters} })`;
  writeFileSync(join(folder, 'declaration.ts'), `import { z } from 'zod';\nexport default { ${fields} };\n`);
}

const refuse = async (...args: string[]) => refuseParameters(root, ['run', ...args], await loadDeclarations(root));

test('a parameter given to a whole pipeline is refused, with two commands that work', async () => {
  await expect(refuse('pipeline:tiny', '--steps=300')).rejects.toThrow(
    /pipeline:tiny takes no parameters[^]*PIPELINE_SET=train\.steps=300 npx nx run pipeline:tiny[^]*npx nx run train:tiny --steps=300/,
  );
});

test('a value after a space is taken along', async () => {
  await expect(refuse('pipeline:tiny', '--steps', '300', '--verbose')).rejects.toThrow(
    /PIPELINE_SET=train\.steps=300 npx nx run pipeline:tiny[^]*npx nx run train:tiny --steps=300$/m,
  );
});

test('a parameter inside another, with or without its stage, is refused', async () => {
  const commands =
    /PIPELINE_SET=train\.optimizer\.learningRate=1e-3 [^]*npx nx run train:tiny --optimizer\.learningRate=1e-3$/m;
  await expect(refuse('pipeline:tiny', '--optimizer.learningRate=1e-3')).rejects.toThrow(commands);
  await expect(refuse('pipeline:tiny', '--train.optimizer.learningRate=1e-3')).rejects.toThrow(commands);
});

test('a parameter that several stages have is refused with the commands for each of them', async () => {
  await expect(refuse('pipeline:tiny', '--batchSize=4')).rejects.toThrow(
    /PIPELINE_SET=evaluate\.batchSize=4 [^]*PIPELINE_SET=train\.batchSize=4 /,
  );
});

test.each([
  ['a pipeline without flags', ['pipeline:tiny']],
  ['flags of Nx', ['pipeline:tiny', '--skip-nx-cache', '--parallel=1', '--outputStyle', 'static']],
  ['a parameter of one stage', ['train:tiny', '--steps=300']],
  ['another target of the project', ['pipeline:gc', '--delete']],
  ['a flag of another target that a stage has too', ['pipeline:gc', '--steps=300']],
])('%s is let through', async (_, args) => {
  await expect(refuse(...args)).resolves.toBeUndefined();
});
