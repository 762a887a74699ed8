import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lutimesSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { describeHolder, type Holder, isLocked, removeStaleLock, withLock } from './lock.ts';
import { processState } from './processes.ts';

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

/** Sets the time of the last touch back. */
function untouchedFor(path: string, seconds: number): void {
  const before = new Date(Date.now() - 1000 * seconds);
  utimesSync(path, before, before);
}

test.each(['null', '5', '[]', '{}', '{"pid":0,"host":""}', '{"pid":"1","host":"x"}', '{"pid":1', '\0\0\0\0'])(
  'a lock file that says %j names nobody, and is taken over when nobody touches it',
  async (text) => {
    const path = join(folder, 'damaged');
    writeFileSync(path, text);
    expect(await isLocked(path)).toBe(true); // a holder whose lock was damaged touches it still
    untouchedFor(path, 20);
    expect(await isLocked(path)).toBe(false);
    expect(await withLock(path, async () => 'mine')).toBe('mine');
  },
);

test('a link that leads nowhere is taken over, a folder is an error that says so', async () => {
  symlinkSync('nowhere', join(folder, 'link'));
  const before = new Date(Date.now() - 20_000);
  lutimesSync(join(folder, 'link'), before, before);
  expect(await withLock(join(folder, 'link'), async () => 'mine')).toBe('mine');
  mkdirSync(join(folder, 'in-place/x'), { recursive: true });
  await expect(withLock(join(folder, 'in-place'), async () => 'mine')).rejects.toThrow(/a folder is where a lock should be/);
});

test.runIf(process.platform === 'linux')(
  'a suspended process keeps its lock, however long, and a waiter says what to do; another process of its number does not',
  async () => {
    const path = join(folder, 'suspended');
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    await once(child, 'spawn');
    const { started } = processState(child.pid!)!;
    await withLock(path, async () => {
      const own = JSON.parse(readFileSync(path, 'utf8')) as object;
      writeFileSync(join(folder, 'copy'), JSON.stringify({ ...own, pid: child.pid, started }));
    });
    untouchedFor(join(folder, 'copy'), 3600);
    child.kill('SIGSTOP');
    while (processState(child.pid!)?.suspended !== true) await sleep(5);
    const waits: Holder[] = [];
    const waiting = withLock(join(folder, 'copy'), async () => 'mine', { onWait: (holder) => waits.push(holder) });
    while (waits.length === 0) await sleep(5);
    expect(describeHolder(waits[0]!)).toMatch(/^process \d+ on .*suspended \(kill -CONT \d+ /);
    child.kill('SIGKILL');
    expect(await waiting).toBe('mine');
    await withLock(path, async () => {
      const entry = JSON.parse(readFileSync(path, 'utf8')) as object;
      writeFileSync(join(folder, 'reused'), JSON.stringify({ ...entry, started: '1' }));
    });
    expect(await removeStaleLock(join(folder, 'reused'))).toBeUndefined();
    expect(existsSync(join(folder, 'reused'))).toBe(false);
  },
);

test('a holder whose lock was taken over learns it, fails with that, and leaves the other lock alone', async () => {
  const path = join(folder, 'taken');
  const other = JSON.stringify({ pid: 4711, host: 'another-host', token: 'x' });
  const taken = withLock(path, async ({ check, signal }) => {
    await check();
    writeFileSync(path, other);
    await expect(check()).rejects.toThrow(/its lock was taken away[^]*process 4711 on another-host[^]*to do/);
    expect(signal.aborted).toBe(true);
    throw new Error('ENOENT: what it worked on is gone');
  });
  await expect(taken).rejects.toThrow(/its lock was taken away/);
  expect(readFileSync(path, 'utf8')).toBe(other);
});

test('of many that wait for a stale lock never two hold it at once', async () => {
  const path = join(folder, 'contended');
  let [inside, most] = [0, 0];
  for (let round = 0; round < 5; round++) {
    writeFileSync(path, JSON.stringify({ pid: 2 ** 30, host: hostname() }));
    const work = () =>
      withLock(path, async () => {
        most = Math.max(most, ++inside);
        await sleep(2);
        inside--;
      });
    await Promise.all(Array.from({ length: 12 }, work));
  }
  expect(most).toBe(1);
});

test('a lock that needs another to be free waits for it, and does not hold its own meanwhile', async () => {
  const [path, besides] = [join(folder, 'stage'), join(folder, 'collecting')];
  const order: string[] = [];
  let working: Promise<unknown> | undefined;
  await withLock(besides, async () => {
    working = withLock(path, async () => order.push('stage'), { besides });
    await sleep(60);
    order.push('collected');
  });
  await working;
  expect(order).toEqual(['collected', 'stage']);
});
