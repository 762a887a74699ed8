/** @file Fuzzes lock files that nobody touches any more: whatever stands in them, they are taken over. */
import { spawnSync } from 'node:child_process';
import { lutimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { withLock } from '@arrowsmith/artifacts';
import type { Fuzzer } from '../harness.ts';

/** Waiting longer is for ever. */
const PATIENCE_MS = 5_000;

export const locks: Fuzzer = {
  name: 'locks',
  async prepare(folder) {
    const path = join(folder, 'some.lock');
    const gone = spawnSync(process.execPath, ['--version']).pid;
    writeFileSync(path, JSON.stringify({ pid: gone, host: hostname(), token: 'x' }));
    return {
      files: [{ path, kind: 'json' }],
      async read() {
        const old = new Date(Date.now() - 10 * 60_000);
        try {
          lutimesSync(path, old, old);
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error; // taken over before
        }
        let waitsFor: number | undefined;
        const signal = AbortSignal.timeout(PATIENCE_MS);
        try {
          return await withLock(path, async () => 'held', { signal, onWait: ({ pid }) => (waitsFor = pid) });
        } catch (error) {
          // A change may name a process that lives: it holds the lock, as far as anyone can tell.
          if (signal.aborted && waitsFor !== undefined && lives(waitsFor)) return 'held by another';
          if (signal.aborted) throw new Error('waits for ever', { cause: error });
          throw error;
        }
      },
    };
  },
};

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
