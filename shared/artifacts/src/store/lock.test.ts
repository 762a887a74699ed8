import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { isLocked, withLock } from './lock.ts';

const folder = mkdtempSync(join(tmpdir(), 'lock-'));

test('only one holder at a time, and the lock is gone afterwards', async () => {
  const path = join(folder, 'exclusive');
  let inside = 0;
  let most = 0;
  const work = () =>
    withLock(path, async () => {
      most = Math.max(most, ++inside);
      await sleep(20);
      inside--;
    });
  await Promise.all([work(), work(), work(), work()]);
  expect(most).toBe(1);
  expect(existsSync(path)).toBe(false);
});

test('the lock is released when the work fails, and the failure is passed on', async () => {
  const path = join(folder, 'failing');
  await expect(withLock(path, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(existsSync(path)).toBe(false);
});

test('the lock of a process that was killed is taken over', async () => {
  const path = join(folder, 'killed');
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  await once(child, 'spawn');
  writeFileSync(path, JSON.stringify({ pid: child.pid, host: hostname() }));
  expect(await isLocked(path)).toBe(true);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(await isLocked(path)).toBe(false);
  expect(await withLock(path, async () => 'mine')).toBe('mine');
});

test('the empty lock of a process that was killed while it created it is taken over within seconds', async () => {
  const path = join(folder, 'empty');
  writeFileSync(path, '');
  expect(await isLocked(path)).toBe(true); // its holder may be about to write into it
  const before = new Date(Date.now() - 3_000);
  utimesSync(path, before, before);
  expect(await withLock(path, async () => 'mine')).toBe('mine');
});

test('the lock of another host is respected while it is fresh, and taken over when nobody touches it', async () => {
  const path = join(folder, 'elsewhere');
  writeFileSync(path, JSON.stringify({ pid: 1, host: 'another-host' }));
  expect(await isLocked(path)).toBe(true);
  const old = new Date(Date.now() - 120_000);
  utimesSync(path, old, old);
  expect(await withLock(path, async () => 'mine')).toBe('mine');
});

test('a waiter says once whom it waits for, and stops waiting on its signal', async () => {
  const path = join(folder, 'waiting');
  const waits: number[] = [];
  await withLock(path, async () => {
    const signal = AbortSignal.timeout(350);
    const waiting = withLock(path, async () => 'never', { signal, onWait: ({ pid }) => waits.push(pid) });
    await expect(waiting).rejects.toThrow();
  });
  expect(waits).toEqual([process.pid]);
});
