import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withBuildLock } from './build-lock.ts';

let directory: string;
let lock: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'build-lock-'));
  lock = join(directory, 'build', 'avx2.lock');
});
afterEach(() => rm(directory, { recursive: true }));

test('work is done by one at a time', async () => {
  let [running, done] = [0, 0];
  const work = async () => {
    expect(++running).toBe(1);
    await setImmediate();
    running--;
    done++;
  };
  await Promise.all([withBuildLock(lock, work), withBuildLock(lock, work), withBuildLock(lock, work)]);
  expect(done).toBe(3);
  expect(await readdir(join(directory, 'build'))).toEqual([]);
});

test('the lock of a process that is gone is taken over', async () => {
  await withBuildLock(lock, async () => undefined);
  await writeFile(lock, '999999999'); // above any system's largest process number
  let done = false;
  await withBuildLock(lock, async () => void (done = true));
  expect(done).toBe(true);
});

test('a failure frees the lock and is reported', async () => {
  await expect(withBuildLock(lock, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  await withBuildLock(lock, async () => undefined);
});
