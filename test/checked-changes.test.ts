/** @file Which changes make `.ci/run` test the backend webgpu: those of all that its tests are about. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { REPOSITORY } from './support/workspace.ts';

const run = (command: string, args: string[]): string[] =>
  execFileSync(command, args, { cwd: REPOSITORY, encoding: 'utf8' }).split('\n').filter(Boolean);

test('the backend webgpu is tested after changes of its tests and of what it imports, but not of native kernels', () => {
  const script = readFileSync(join(REPOSITORY, '.ci/run'), 'utf8');
  const [paths] = /^webgpu=\([^]*?^\)$/m.exec(script)!;
  const files = new Set(run('bash', ['-c', `${paths}\ngit ls-files -- "\${webgpu[@]}"`]));

  const sources = run('git', ['ls-files', 'shared/backend-webgpu/*.ts']);
  const imported = sources.flatMap((file) =>
    [...readFileSync(join(REPOSITORY, file), 'utf8').matchAll(/'@arrowsmith\/backend-native\/([\w-]+)'/g)].map(
      ([, name]) => `shared/backend-native/src/${name}.ts`,
    ),
  );
  expect(imported.length).toBeGreaterThan(5);
  const needed = [...run('git', ['ls-files', '*.webgpu.test.ts']), ...sources, ...imported];
  expect(needed.filter((file) => !files.has(file))).toEqual([]);

  const native = run('git', ['ls-files', 'shared/backend-native/native', 'shared/backend-native/src/kernels']);
  expect(native.filter((file) => files.has(file))).toEqual([]);
});
