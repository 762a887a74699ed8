/** @file The licences of the packages that a bundle is made of. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bundle } from './bundle.ts';

/** Their texts, each once, with the packages that have it. */
export async function licences({ inputs, folder }: Pick<Bundle, 'inputs' | 'folder'>): Promise<string> {
  const packages = new Set(inputs.map((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0]));
  const texts = new Map<string, string[]>();
  for (const path of packages) {
    if (path === undefined) continue; // our own
    const name = path.replace(/^.*node_modules\//, '');
    const text = await textOf(join(folder, path));
    texts.set(text, [...(texts.get(text) ?? []), name]);
  }
  return [...texts].map(([text, names]) => `${names.sort().join(', ')}\n\n${text}\n`).join(`\n${'-'.repeat(72)}\n\n`);
}

/** The package's LICENSE, or where it has none, which one it names. */
async function textOf(folder: string): Promise<string> {
  const file = (await readdir(folder)).find((each) => /^licen[cs]e/i.test(each));
  if (file !== undefined) return (await readFile(join(folder, file), 'utf8')).trim().replaceAll('\r\n', '\n');
  const { license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { license?: string };
  return `Licence: ${license ?? 'not told'}`;
}
