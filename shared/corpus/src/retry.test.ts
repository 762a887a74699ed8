/** @file When retries end. */

import { expect, test } from 'vitest';
import { TransientFailure, withRetries } from './retry.ts';
import type { RetryPolicy } from './retry.ts';

const policy: RetryPolicy = {
  attempts: 4,
  firstDelayMs: 1,
  maxDelayMs: 2,
  maxRetryAfterMs: 50,
  silenceMs: 1000,
  minimumRate: 0,
  giveUpAfterMs: 10_000,
};

/** Runs attempts that fail in turn; returns how many were made and what came of it. */
async function run(failures: (Error & { progress?: true })[], more: Partial<RetryPolicy> = {}, signal?: AbortSignal) {
  let made = 0;
  const outcome = await withRetries({ ...policy, ...more }, signal, async ({ progressed }) => {
    const failure = failures[made++];
    if (failure?.progress) progressed();
    if (failure) throw failure;
    return 'done';
  }).catch((error: unknown) => error);
  return { made, outcome };
}

const passing = () => new TransientFailure('ECONNRESET');
const lasting = () => new TransientFailure('ENOTFOUND', { lasting: true });
const furthered = () => Object.assign(passing(), { progress: true as const });

test('a failure that passes is got over', async () => {
  expect(await run([passing(), passing(), passing()])).toEqual({ made: 4, outcome: 'done' });
});

test('as many failures in a row as the policy allows are the end', async () => {
  const last = passing();
  const { made, outcome } = await run([passing(), passing(), passing(), last, passing()]);
  expect(made).toBe(4);
  expect(outcome).toBe(last);
});

test('progress begins the count anew', async () => {
  const failures = [passing(), passing(), furthered(), passing(), passing(), furthered(), passing()];
  expect(await run(failures)).toEqual({ made: 8, outcome: 'done' });
});

test('a lasting failure is the end at once, but not in the middle of a download', async () => {
  expect((await run([lasting()])).made).toBe(1);
  expect(await run([furthered(), lasting()])).toEqual({ made: 3, outcome: 'done' });
});

test('a longer wait than the policy allows is not waited for', async () => {
  expect((await run([new TransientFailure('HTTP 429', { retryAfterMs: 51 })])).made).toBe(1);
  expect((await run([new TransientFailure('HTTP 429', { retryAfterMs: 50 })])).made).toBe(2);
});

test('no attempt begins after the time to give up', async () => {
  expect((await run([passing(), passing()], { firstDelayMs: 500, maxDelayMs: 500, giveUpAfterMs: 400 })).made).toBe(1);
});

test('any other error is passed on', async () => {
  const defect = new RangeError('a defect');
  expect(await run([passing(), defect])).toEqual({ made: 2, outcome: defect });
});

test('an aborted signal ends the waiting', async () => {
  const { made, outcome } = await run(
    [passing()],
    { firstDelayMs: 60_000, maxDelayMs: 60_000, giveUpAfterMs: 99_000 },
    AbortSignal.timeout(20),
  );
  expect(made).toBe(1);
  expect((outcome as Error).name).toMatch(/AbortError|TimeoutError/);
});
