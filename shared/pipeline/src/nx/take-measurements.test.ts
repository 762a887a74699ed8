/** @file Measurements before a run. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { takeMeasurements } from './take-measurements.ts';

test('each script runs in the workspace, and one that fails keeps no other from running', () => {
  const root = mkdtempSync(join(tmpdir(), 'measurements-'));
  const written = (name: string) => `require('node:fs').writeFileSync('${name}', String(process.cwd()))`;
  const tsx = join(import.meta.dirname, '../../../../node_modules/tsx');
  writeFileSync(join(root, 'package.json'), '{}');
  writeFileSync(join(root, 'fails.cjs'), `${written('first')}; process.exit(3)`);
  writeFileSync(join(root, 'works.cjs'), written('second'));
  takeMeasurements(root, ['fails.cjs', 'works.cjs'], pathToFileURL(join(tsx, 'dist/loader.mjs')).href);
  for (const name of ['first', 'second']) expect(readFileSync(join(root, name), 'utf8')).toContain('measurements-');
});
