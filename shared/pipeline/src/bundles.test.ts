/** @file The files that run stages, of one stage in a small workspace. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
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
    `import { z } from 'zod';
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

function greet(whom: string): { code: number | null; output: string } {
  const args = ['--enable-source-maps', codePath({ root }, 'greet'), 'toy'];
  write('pipelines/toy.yaml', JSON.stringify({ stages: { greet: { whom } } }));
  const env = { ...process.env };
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

test('chunks of earlier builds stay for a day, for stages that still run', async () => {
  const chunks = join(root, '.work/code/chunks');
  const before = readdirSync(chunks);
  for (const [name, hours] of Object.entries({ 'recent.mjs': 23, 'old.mjs': 25 })) {
    const time = new Date(Date.now() - hours * 3_600_000);
    write(`.work/code/chunks/${name}`, '');
    utimesSync(join(chunks, name), time, time);
  }
  await buildCode({ root }, ['greet']);
  expect(readdirSync(chunks).sort()).toEqual([...before, 'recent.mjs'].sort());
  expect(existsSync(join(root, '.work/code/greet.json'))).toBe(true);
});
