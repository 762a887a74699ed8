/** @file What is in the scripts of a page, and what is not. */
import { build } from 'esbuild';
import { beforeAll, expect, test } from 'vitest';
import { type Bundle, bundleScripts, withoutNode } from './bundle.ts';
import { licences } from './licences.ts';

let bundle: Bundle;
beforeAll(async () => {
  bundle = await bundleScripts();
});

const textOf = (script: Uint8Array) => new TextDecoder().decode(script);

test('they import each other, and nothing of Node', () => {
  const names = [...bundle.scripts.keys()];
  expect(names).toEqual(expect.arrayContaining(['page.js', 'arrowsmith.js', 'wasm.js', 'webgpu.js', 'webgl.js', 'cpu.js'])); // prettier-ignore
  const imported = [...bundle.scripts.values()].flatMap((script) =>
    [...textOf(script).matchAll(/(?:\bfrom|\bimport)\s*\(?["']([^"']+)["']/g)].map(([, path = '']) => path),
  );
  expect(imported.length).toBeGreaterThan(10);
  expect(imported.filter((path) => !names.includes(path.replace(/^\.\//, '')))).toEqual([]);
});

test('the project’s own code uses no global of Node', () => {
  const own = [...bundle.scripts.values()].map(textOf).filter((text) => text.includes('model.embed_tokens'));
  expect(own).toHaveLength(1); // TensorFlow.js, which asks whether it runs on Node, is in others
  const uses = own.flatMap((text) => text.match(/(?<![.\w$])(?:Buffer|process|setImmediate)\.\w+/g) ?? []);
  expect(uses).toEqual([]);
});

test('a module of Node that is used is an error, one that is imported by what nobody calls is none', async () => {
  const bundled = (contents: string) =>
    build({
      stdin: { contents, resolveDir: import.meta.dirname },
      bundle: true,
      write: false,
      metafile: true,
      platform: 'browser',
      format: 'esm',
      logLevel: 'silent',
      plugins: [withoutNode],
    });
  await expect(bundled(`import { readFileSync } from 'node:fs'; readFileSync('x');`)).rejects.toThrow(/no node:fs/);
  const { outputFiles } = await bundled(`import { readFileSync } from 'node:fs'; console.log(1);`);
  expect(outputFiles[0]?.text).not.toContain('node:');
});

test('the licences of all packages in them are told', async () => {
  const text = await licences(bundle);
  for (const name of ['tfjs-core', 'tfjs-backend-webgpu', 'tfjs-backend-wasm', 'zod', 'pure-rand', '@noble/hashes']) {
    expect(text).toContain(name);
  }
  expect(text).toContain('Apache License');
  expect(text).not.toContain('not told');
});
