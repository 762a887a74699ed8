/** @file A folder with a model and the page that runs it: to be put on any web server as it is. */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { bundleScripts, wasmFiles } from './bundle.ts';
import { licences } from './licences.ts';
import { writeModelFiles, type WebSource } from './write-model.ts';

const require = createRequire(import.meta.url);

/** The path of a file of this package, also where this code has been bundled into a file elsewhere in the workspace. */
const pathOf = (name: 'index.html' | 'style.css'): string => require.resolve(`@arrowsmith/web/${name}`);

/**
 * Writes the files of a page that loads the model beside it, and generates text in the browser.
 *
 * @param options.precision of matrices; undefined: as they are stored
 * @throws UserError for weights that the asked format has no numbers for
 */
export async function writeWebFolder(
  folder: string,
  source: WebSource,
  options: { name: string; precision: string | undefined },
): Promise<{ precision: string; formats: ReadonlyMap<string, number> }> {
  const written = await writeModelFiles(folder, source, options);
  const bundle = await bundleScripts();
  const files = new Map<string, Uint8Array | string>([...bundle.scripts, ...(await wasmFiles())]);
  files.set('index.html', await htmlFor(options.name));
  files.set('style.css', await readFile(pathOf('style.css')));
  files.set('licences.txt', await licences(bundle));
  for (const [name, content] of files) await writeFile(join(folder, name), content);
  return written;
}

/** The page of a model of that name, which may load what is beside it, and nothing else. */
async function htmlFor(name: string): Promise<string> {
  const template = await readFile(pathOf('index.html'), 'utf8');
  const inline = /<script>([^]*?)<\/script>/.exec(template)?.[1] ?? '';
  const hash = createHash('sha256').update(inline).digest('base64');
  const policy = [
    `default-src 'none'`,
    `script-src 'self' 'wasm-unsafe-eval' 'sha256-${hash}'`,
    `style-src 'self'`,
    `connect-src 'self'`,
    `img-src 'self' data:`,
    `base-uri 'none'`,
    `form-action 'none'`,
  ].join('; ');
  return template.replaceAll('{{policy}}', policy).replaceAll('{{name}}', () => escapeHtml(name));
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

const escapeHtml = (text: string): string => text.replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? '');
