/** @file The library of kernels in worker threads, and processes that end while it computes: nothing hangs, aborts or is wrong. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { loadAddon } from './addon.ts';
import { nativeBuild } from './build.ts';

/** Ends what hangs. */
const PATIENCE = { timeout: 30_000, killSignal: 'SIGKILL' } as const;

describe.skipIf(!nativeBuild().available)('a process with the library', () => {
  let folder: string;
  beforeAll(async () => {
    await loadAddon(() => undefined); // builds it where sources have changed
    folder = await mkdtemp(join(tmpdir(), 'threads-and-exits-'));
    await build({
      entryPoints: [join(import.meta.dirname, 'testing', 'load-and-compute.ts')],
      bundle: true,
      platform: 'node',
      format: 'esm',
      outfile: join(folder, 'program.mjs'),
    });
  }, 120_000);
  afterAll(() => rm(folder, { recursive: true }));

  /** The exit code, or the signal that ended it. */
  async function exitOf(scenario: string): Promise<number | string> {
    const { path } = nativeBuild() as { path: string };
    const env = { ...process.env, LIBRARY: path, SCENARIO: scenario };
    try {
      await promisify(execFile)(process.execPath, [join(folder, 'program.mjs')], { ...PATIENCE, env });
      return 0;
    } catch (error) {
      const { code, signal, stderr } = error as { code: number | null; signal: string | null; stderr: string };
      return signal ?? (code === 1 ? stderr : code!);
    }
  }

  test.each([
    ['computes right in the main thread and in a worker at once', 'worker-beside-main', 0],
    ['goes on after each worker that loaded it has ended', 'worker-alone', 0],
    ['goes on after a worker was terminated while it computed', 'terminated-worker', 0],
    ['exits with its code while it computes', 'exit-in-main', 7],
    ['exits with its code while a worker computes', 'exit-while-worker-computes', 7],
    ['exits with its code from a worker', 'exit-in-worker', 7],
  ])('%s', async (_, scenario, code) => expect(await exitOf(scenario)).toBe(code));
});
