/** @file Gives the whole test run a temporary folder of its own and removes it at the end, with whatever tests left in it. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export default function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'arrowsmith-test-'));
  chmodSync(folder, 0o755); // a test lets another user run a stage in it
  process.env['TMPDIR'] = folder;
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}
