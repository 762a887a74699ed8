/** @file Scripts of tests that start many processes: as one JavaScript file, a script starts in a sixth of the time. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { REQUIRE } from '../bundles.ts';
import { bundling } from '../code.ts';

/** @returns a file to start with Node instead of the script. It is in a temporary folder, where a script finds no npm packages but those inside it. */
export async function bundleScript(script: string): Promise<string> {
  const outfile = join(mkdtempSync(join(tmpdir(), 'script-')), 'script.mjs');
  await build({
    ...bundling(import.meta.dirname),
    entryPoints: [script],
    outfile,
    write: true,
    banner: { js: REQUIRE },
    sourcemap: 'inline',
  });
  return outfile;
}
