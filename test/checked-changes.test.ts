/** @file What `.ci/run` tests: all there is, and the backend webgpu after changes of all that its tests are about. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { REPOSITORY } from './support/workspace.ts';

const run = (command: string, args: string[]): string[] =>
  execFileSync(command, args, { cwd: REPOSITORY, encoding: 'utf8' }).split('\n').filter(Boolean);

test('every script of tests is called', () => {
  const { scripts } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const tests = Object.keys(scripts).filter((name) => /^test(:|$)/.test(name));
  const called = readFileSync(join(REPOSITORY, '.ci/run'), 'utf8').matchAll(
    /\bstep npm (?:run --silent )?(test[\w:]*)/g,
  );
  const partOf: Record<string, string> = { 'test:browser': 'test' };
  expect(new Set(tests.map((name) => partOf[name] ?? name))).toEqual(new Set([...called].map(([, name]) => name)));
});

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
