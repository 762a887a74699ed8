/** @file Measurements of this machine that stages decide by, taken before the first run that needs them. */
import { spawnSync } from 'node:child_process';

/** Much more than any takes. */
const PATIENCE_MS = 120_000;

/**
 * Runs the scripts, whose words are shown. One that fails changes nothing: what would have been decided by it is decided without.
 *
 * @param root of the workspace, where scripts are
 * @param loader of TypeScript
 */
export function takeMeasurements(root: string, scripts: readonly string[], loader = 'tsx'): void {
  const { ARROWSMITH_FLAGS: _, ...env } = process.env; // those of an Nx around this are not for it
  for (const script of scripts) {
    spawnSync(process.execPath, ['--import', loader, script], {
      cwd: root,
      env,
      stdio: ['ignore', 2, 2],
      timeout: PATIENCE_MS,
    });
  }
}
