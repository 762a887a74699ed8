/** @file The plugin as Nx calls it, also where no bundle can be made. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

const REPOSITORY = resolve(import.meta.dirname, '../../../..');

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'plugin-'));
  symlinkSync(join(REPOSITORY, 'node_modules'), join(root, 'node_modules'));
  symlinkSync(join(REPOSITORY, 'shared'), join(root, 'shared'));
  mkdirSync(join(root, 'stages/count/src'), { recursive: true });
  mkdirSync(join(root, 'pipelines'));
  writeFileSync(join(root, 'pipelines/toy.yaml'), 'steps: { count: {} }');
});
afterEach(() => vi.restoreAllMocks());

const declare = (text: string): void => writeFileSync(join(root, 'stages/count/src/declaration.ts'), text);

const DECLARATION = `
  import * as z from 'zod';
  export default { name: 'count', description: '', inputs: [], parameters: z.strictObject({}) };
`;

/** What Nx gets from the plugin for `pipelines/toy.yaml`, as if in a new process. */
async function infer(): Promise<unknown> {
  vi.resetModules(); // the plugin loads its sources once
  const { createNodesV2 } = await import('./plugin.mjs');
  const context = { workspaceRoot: root, nxJsonConfiguration: {} };
  return createNodesV2[1](['pipelines/toy.yaml'], undefined, context);
}

test('where no bundle can be written, targets come from the sources, which it says', async () => {
  declare(DECLARATION);
  const warn = vi.spyOn(console, 'warn').mockReturnValue();
  const bundled = await infer();
  expect(warn).not.toHaveBeenCalled();
  expect(JSON.stringify(bundled)).toContain('.work/code/count.mjs toy');
  rmSync(join(root, '.work'), { recursive: true });
  writeFileSync(join(root, '.work'), 'a file where a folder is needed');
  expect(await infer()).toEqual(bundled);
  expect(warn).toHaveBeenCalledWith(expect.stringMatching(/starts slowly.*could not be bundled: .*\.work/));
});

test('an error in a declaration is that of its file', async () => {
  declare('export default {');
  await expect(infer()).rejects.toThrow(/stages\/count\/src\/declaration\.ts/);
});
