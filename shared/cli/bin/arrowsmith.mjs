#!/usr/bin/env node
// @ts-check
/**
 * @file The command `arrowsmith`, as npm links it: plain JavaScript that starts the newest build of ../src/arrowsmith.ts, and makes one where there
 * is none. Whether that build is of the sources as they are now, it finds out itself.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const BUILD = join('shared', 'pipeline', 'src', 'cli', 'build.ts');

/** The workspace around a folder. @param {string} from @returns {string | undefined} */
function findRoot(from) {
  if (existsSync(join(from, BUILD))) return from;
  return from === dirname(from) ? undefined : findRoot(dirname(from));
}

/** @param {string} root @returns the name of the newest build, where there is one */
function newest(root) {
  try {
    const { build } = JSON.parse(readFileSync(join(root, '.work', 'code', 'current.json'), 'utf8'));
    return existsSync(join(root, '.work', 'code', build, 'arrowsmith.mjs')) ? build : undefined;
  } catch {
    return undefined; // none yet, or damaged
  }
}

/** @param {string} root @returns {string} */
function makeBuild(root) {
  const { status } = spawnSync(process.execPath, ['--import', 'tsx', BUILD], { cwd: root, stdio: ['ignore', 2, 2] });
  const build = status === 0 ? newest(root) : undefined;
  if (build !== undefined) return build;
  process.stderr.write(`\nerror: the code of the commands could not be built
  where:     ${join(root, BUILD)}
  found:     exit code ${status}
  to do:     mend what it says above (after npm ci, where packages are missing), then run the command again\n\n`);
  process.exit(1);
}

const root = findRoot(process.cwd());
if (root === undefined) {
  process.stderr.write(`\nerror: this is not an Arrowsmith workspace
  where:     ${process.cwd()}
  expected:  your clone of the repository, or a folder in it
  to do:     cd into it, then run the command again\n\n`);
  process.exit(1);
}
/** @param {string} build */
const load = (build) => import(pathToFileURL(join(root, '.work', 'code', build, 'arrowsmith.mjs')).href);
const build = newest(root) ?? makeBuild(root);
const { arrowsmith } = await load(build);
await arrowsmith({ root, build, args: process.argv.slice(2) });
