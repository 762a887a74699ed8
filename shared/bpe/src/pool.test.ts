/** @file Tests of worker threads. */

import { UserError } from '@arrowsmith/errors';
import { threadId } from 'node:worker_threads';
import { afterEach, describe, expect, test } from 'vitest';
import { double, type Work } from './pool.fixture.ts';
import { mapInThreads, type ThreadOptions } from './pool.ts';

const options = { factor: 2 };
const work = (length: number): Work[] => Array.from({ length }, (_, value) => ({ value }));

async function run(
  inputs: Iterable<Work> | AsyncIterable<Work>,
  { threads = 2, ...rest }: Partial<ThreadOptions> = {},
) {
  const products: number[] = [];
  const threadIds = new Set<number>();
  for await (const { product, thread } of mapInThreads(double, options, inputs, { threads, workersFrom: 0, ...rest })) {
    products.push(product[0]!);
    threadIds.add(thread);
  }
  return { products, threadIds };
}

const workers = () => process.getActiveResourcesInfo().filter((name) => name === 'MessagePort' || name === 'Worker');
const before = workers().length;
afterEach(() => {
  if (workers().length !== before) throw new Error('a worker is left');
});

test('outputs come in the order of the inputs, from all threads, however long each takes', async () => {
  const inputs = work(20).map(({ value }) => ({ value, milliseconds: value % 2 === 0 ? 20 : 0 }));
  const { products, threadIds } = await run(inputs, { threads: 2 });
  expect(products).toEqual(inputs.map(({ value }) => 2 * value));
  expect(threadIds.size).toBe(2);
  expect(threadIds).not.toContain(threadId);
});

test.each([
  ['one thread', { threads: 1 }],
  ['little to do', { threads: 2, workersFrom: 21 }],
])('%s: the calling thread does the work', async (_, where) => {
  const { products, threadIds } = await run(work(20), where);
  expect(products).toEqual(work(20).map(({ value }) => 2 * value));
  expect([...threadIds]).toEqual([threadId]);
});

test('no inputs give no outputs', async () => {
  expect((await run([])).products).toEqual([]);
});

test('inputs are taken no faster than outputs', async () => {
  let taken = 0;
  let most = 0;
  async function* inputs() {
    for (const input of work(30)) {
      taken++;
      yield input;
    }
  }
  let given = 0;
  for await (const _ of mapInThreads(double, options, inputs(), { threads: 2, workersFrom: 0 })) {
    most = Math.max(most, taken - given);
    given++;
  }
  expect(given).toBe(30);
  expect(most).toBeLessThanOrEqual(4);
});

describe('ends with no worker left', () => {
  test('where the work throws', async () => {
    const inputs = work(10).map((input) => (input.value === 5 ? { ...input, failure: 'error' as const } : input));
    await expect(run(inputs)).rejects.toThrow('cannot double 5');
  });

  test('where the work throws an error for the user, which keeps its parts', async () => {
    const error = await run([{ value: 1, failure: 'user error' }]).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).message).toBe(
      new UserError({ what: 'no', expected: 'a', found: 'b', fix: 'c' }).message,
    );
  });

  test('where a worker dies', async () => {
    await expect(run([{ value: 1, failure: 'exit' }])).rejects.toThrow('"double" ended with code 3');
  });

  test('where the inputs throw', async () => {
    async function* inputs(): AsyncGenerator<Work> {
      yield* work(3);
      throw new Error('disk');
    }
    await expect(run(inputs())).rejects.toThrow('disk');
  });

  test('where the consumer stops', async () => {
    for await (const _ of mapInThreads(double, options, work(10), { threads: 2, workersFrom: 0 })) break;
    expect(workers()).toHaveLength(before);
  });

  test('on a signal, also while a worker works', async () => {
    const signal = AbortSignal.timeout(300);
    await expect(run([{ value: 1, failure: 'hang' }], { signal })).rejects.toThrow('timeout');
    await expect(run(work(1), { signal, threads: 1 })).rejects.toThrow('timeout');
  });
});
