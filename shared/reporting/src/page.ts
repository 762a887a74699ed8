/** @file The page around a report: head, styles, navigation, script. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { html, Html } from './html.ts';

export interface Section {
  /** Unique on the page. */
  id: string;
  title: string;
  content: Html;
}

export interface Page {
  title: string;
  header: Html;
  sections: readonly Section[];
}

/** The path of a file of this package, also where this code has been bundled into a file elsewhere in the workspace. */
const source = (name: 'style.css' | 'client'): string =>
  createRequire(import.meta.url).resolve(`@arrowsmith/reporting/${name}`);

/** The same for all pages of a process. */
let bundled: Promise<string> | undefined;

export async function renderPage({ title, header, sections }: Page): Promise<string> {
  const [style, script] = await Promise.all([readFile(source('style.css'), 'utf8'), (bundled ??= bundleScript())]);
  const scriptHash = createHash('sha256').update(script).digest('base64');
  const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${scriptHash}'; base-uri 'none'; form-action 'none'`;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        <style>
          ${new Html(style)}
        </style>
      </head>
      <body>
        <a class="skip" href="#content">Skip to the content</a>
        <header>${header}</header>
        <nav aria-label="Sections">
          <ul>
            ${sections.map((section) => html`<li><a href="#${section.id}">${section.title}</a></li>`)}
          </ul>
        </nav>
        <noscript
          ><p class="warning">
            Plots are drawn by a script, which this viewer does not run; their data are in the tables below them.
          </p></noscript
        >
        <main id="content">
          ${sections.map(
            ({ id, title: heading, content }) =>
              html`<section id="${id}">
                <h2>${heading}</h2>
                ${content}
              </section> `,
          )}
        </main>
        <footer>Plots are drawn by Observable Plot and D3, whose licences are in this file.</footer>
        ${new Html(`<script>${script}</script>`)}
      </body>
    </html> `.text;
}

/** The script that draws plots, with the plotting library in it, and the licences of what it is made of. */
async function bundleScript(): Promise<string> {
  const entry = source('client');
  const folder = dirname(entry);
  const { outputFiles, metafile } = await build({
    absWorkingDir: folder,
    entryPoints: [entry],
    bundle: true,
    write: false,
    metafile: true,
    minify: true,
    platform: 'browser',
    format: 'iife',
    target: 'es2022',
    legalComments: 'none',
    charset: 'ascii', // so that its digest does not depend on how the file is decoded
  });
  return `/*\n${await licences(folder, Object.keys(metafile.inputs))}\n*/\n${outputFiles[0]!.text}`;
}

/** The texts of the licences of npm packages, each once. @param files of them, relative to `folder` */
async function licences(folder: string, files: readonly string[]): Promise<string> {
  const packages = new Set(files.map((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0]));
  const texts = new Map<string, string[]>();
  for (const path of packages) {
    if (path === undefined) continue; // our own
    const text = await readFile(join(folder, path, 'LICENSE'), 'utf8');
    const name = path.replace(/^.*node_modules\//, '');
    texts.set(text, [...(texts.get(text) ?? []), name]);
  }
  return [...texts]
    .map(([text, names]) => `${names.join(', ')}:\n${text.trim().replaceAll('\r\n', '\n').replaceAll('*/', '* /')}`)
    .join('\n\n');
}
