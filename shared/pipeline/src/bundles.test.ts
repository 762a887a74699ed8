/** @file The files that run stages, of one stage in a small workspace. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { findBuiltCode } from './built-code.ts';
import { buildCode } from './bundles.ts';
import { codePath } from './workspace.ts';

const REPOSITORY = resolve(import.meta.dirname, '../../..');

let root: string;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'bundles-'));
  for (const name of ['node_modules', 'shared', 'package-lock.json'])
    symlinkSync(join(REPOSITORY, name), join(root, name));
  write('nx.json', '{}');
  write(
    'stages/greet/src/declaration.ts',
    `import * as z from 'zod';
     export default { name: 'greet', description: '', inputs: [], parameters: z.strictObject({ whom: z.string() }) };`,
  );
  write(
    'stages/greet/src/stage.ts',
    `import { writeFileSync } from 'node:fs';
     import declaration from './declaration.ts';
     console.log('the stage is loaded');
     const run = async ({ parameters, outputPath }: { parameters: { whom: string }; outputPath(file: string): string }) => {
       if (parameters.whom === '') throw new Error('nobody');
       writeFileSync(outputPath('greeting.txt'), 'hello ' + parameters.whom);
       return {};
     };
     export default { declaration, run };`,
  );
  await buildCode({ root }, ['greet']);
});

function write(path: string, content: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

function greet(whom: string, more: Record<string, string> = {}): { code: number | null; output: string } {
  const args = ['--enable-source-maps', codePath({ root }, 'greet'), 'toy'];
  write('pipelines/toy.yaml', JSON.stringify({ steps: { greet: { whom } } }));
  const env = { ...process.env, ...more };
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, env, encoding: 'utf8' });
  return { code: status, output: stdout + stderr };
}

test('a stage is loaded when there is work, and not where its result is known', () => {
  expect(greet('you')).toEqual({ code: 0, output: expect.stringMatching(/the stage is loaded[^]*greet: done/) });
  const again = greet('you');
  expect(again).toEqual({ code: 0, output: expect.stringContaining('greet: nothing to do') });
  expect(again.output).not.toContain('the stage is loaded');
});

test('an error names file and line of the source', () => {
  const { code, output } = greet('');
  expect(code).toBe(1);
  expect(output).toMatch(/Error: nobody\n[^]*stages\/greet\/src\/stage\.ts:5:/);
});

test('a process runs the build that its run began with, whatever was built since; old builds are removed after a day', async () => {
  const before = await findBuiltCode({ root });
  expect(before).toBeDefined();
  write(
    'stages/greet/src/stage.ts',
    readFileSync(join(root, 'stages/greet/src/stage.ts'), 'utf8').replace('hello', 'bye'),
  );
  expect(await findBuiltCode({ root })).toBeUndefined(); // a source has changed
  await buildCode({ root }, ['greet']);
  const after = (await findBuiltCode({ root }))!;
  expect(after.build).not.toBe(before!.build);
  expect(after.code['greet']).not.toBe(before!.code['greet']);
  const written = (env: Record<string, string>) => {
    expect(greet('me', env).code).toBe(0);
    return readFileSync(join(root, 'artifacts/toy/greet/greeting.txt'), 'utf8');
  };
  expect(written({ ARROWSMITH_BUILD: before!.build })).toBe('hello me');
  expect(written({})).toBe('bye me');

  const ago = (hours: number) => new Date(Date.now() - hours * 3_600_000);
  utimesSync(join(root, '.work/code', before!.build), ago(23), ago(23));
  await buildCode({ root }, ['greet']);
  expect(existsSync(join(root, '.work/code', before!.build))).toBe(true);
  utimesSync(join(root, '.work/code', before!.build), ago(25), ago(25));
  await buildCode({ root }, ['greet']);
  expect(existsSync(join(root, '.work/code', before!.build))).toBe(false);
  expect(existsSync(join(root, '.work/code/greet.json'))).toBe(true);
});

test('a command’s bundle that has a stage’s name is refused, as one would be written over the other', async () => {
  await expect(buildCode({ root }, ['greet'], { greet: 'stages/greet/src/stage.ts' })).rejects.toThrow(
    'the bundle greet',
  );
});
