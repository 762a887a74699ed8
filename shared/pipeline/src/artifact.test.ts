/** @file That a run finds its own artifacts, whatever others do with the pointers meanwhile. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { memoPath } from '@arrowsmith/artifacts/store';
import { expect, test } from 'vitest';
import { artifactsOf, type Chain } from './artifact.ts';
import { completeRun } from './complete-run.ts';
import { readPointer } from './pointer.ts';
import { toyWorkspace } from './testing/toy-stages.ts';

/** A toy workspace, and runs of its two stages with parameters of their own. */
function toyRuns() {
  const toy = toyWorkspace();
  const { workspace, stages, run } = toy;
  const declarations = new Map(Object.entries(stages).map(([name, { declaration }]) => [name, declaration]));
  const chainOf = (to: number, invocation?: string): Chain => ({
    workspace,
    pipeline: 'toy',
    steps: {
      count: { stage: 'count', parameters: { to, note: '', hands: 1 }, inputs: {} },
      double: { stage: 'double', parameters: { plus: 0 }, inputs: { number: ['count'] } },
    },
    declarations,
    code: { count: 'code-1', double: 'code-1' },
    run: invocation,
    signal: new AbortController().signal,
  });
  const runOf = (to: number, invocation?: string) => {
    const find = artifactsOf(chainOf(to, invocation));
    return {
      find,
      count: () => run('count', [`--to=${to}`], { invocation }),
      double: () => run('double', [], { input: find, invocation }),
    };
  };
  return { ...toy, chainOf, runOf };
}

test('a pointer that another run replaced before the next stage starts changes nothing', async () => {
  const { workspace, runOf } = toyRuns();
  const [mine, other] = [runOf(3, 'mine'), runOf(99, 'other')];
  await mine.count();
  await other.count(); // the pointer of `count` is the other's now
  expect((await readPointer(workspace, 'toy', 'count')).manifest.metadata['to']).toBe(99);
  await mine.double();
  expect((await readPointer(workspace, 'toy', 'double')).manifest.metadata).toEqual({ from: 3, value: 6 });
  await other.double();
  expect((await readPointer(workspace, 'toy', 'double')).manifest.metadata).toEqual({ from: 99, value: 198 });
});

test('the run in the ledger is of its own artifacts, and afterwards the pointers name them', async () => {
  const { workspace, runOf } = toyRuns();
  const [mine, other] = [runOf(3, 'mine'), runOf(99, 'other')];
  for (const { count, double } of [mine, other]) {
    await count();
    await double();
  }
  const run = await completeRun(workspace, { pipeline: 'toy', steps: ['count', 'double'], find: mine.find });
  expect(run.steps['double']).toMatchObject({ metadata: { from: 3, value: 6 }, cached: false });
  expect(run.steps['double']!.inputs['count']).toBe(run.steps['count']!.manifest);
  for (const [stage, metadata] of Object.entries({ count: { to: 3 }, double: { from: 3, value: 6 } }))
    expect((await readPointer(workspace, 'toy', stage)).manifest.metadata).toEqual(metadata);
});

test('what Nx had in its cache is found by the parameters, without a pointer', async () => {
  const { workspace, runOf } = toyRuns();
  await runOf(3).count();
  await runOf(3).double();
  rmSync(join(workspace.root, 'artifacts/toy'), { recursive: true });
  const run = await completeRun(workspace, {
    pipeline: 'toy',
    steps: ['count', 'double'],
    find: runOf(3, 'later').find,
  });
  expect(Object.values(run.steps).map(({ cached }) => cached)).toEqual([true, true]);
  expect((await readPointer(workspace, 'toy', 'double')).manifest.metadata).toEqual({ from: 3, value: 6 });
});

test('a stage takes what an earlier one of its run found outside, not what one would find now', async () => {
  const { workspace, stages, run, chainOf } = toyRuns();
  let reachable = false;
  const declaration = {
    ...stages.count.declaration,
    resolve: async (parameters: Record<string, unknown>) =>
      reachable ? { parameters } : { parameters: { ...parameters, to: 7 }, substitution: '7 stands in' },
  };
  const chain = chainOf(3, 'mine');
  const find = artifactsOf({ ...chain, declarations: new Map([...chain.declarations, ['count', declaration]]) });
  await run('count', ['--to=3'], { declaration, invocation: 'mine' });
  reachable = true;
  await run('double', [], { input: find, invocation: 'mine' });
  expect((await readPointer(workspace, 'toy', 'double')).manifest).toMatchObject({
    metadata: { from: 7 },
    substitution: '7 stands in',
  });
});

test('a result that is gone is an error that says what makes it again', async () => {
  const { workspace, runOf } = toyRuns();
  const { key } = await runOf(3).count();
  rmSync(memoPath(workspace.store, key));
  await expect(runOf(3).double()).rejects.toThrow(
    new RegExp(`artifact of count:toy is not in the store[^]*${key}[^]*npx nx run pipeline:toy --skip-nx-cache`),
  );
});

test('the command in it has the parameters that were changed for the run, of the steps that it makes', async () => {
  const { runOf, chainOf } = toyRuns();
  await runOf(3).count();
  const changes = { 'count.to': 3, 'double.plus': 'a b' };
  const gone = (target: string) => artifactsOf({ ...chainOf(3), changes, target })('double');
  await expect(gone('pipeline:toy')).rejects.toThrow(
    /npx nx run pipeline:toy --count\.to=3 --double\.plus='a b' --skip-nx-cache$/,
  );
  await expect(gone('count:toy')).rejects.toThrow(/npx nx run count:toy --count\.to=3 --skip-nx-cache$/);
});

test('artifacts that were not made from each other are no run', async () => {
  const { workspace, runOf } = toyRuns();
  const [one, other] = [runOf(3, 'one'), runOf(4, 'other')];
  for (const { count, double } of [one, other]) {
    await count();
    await double();
  }
  const mixed = (stage: string) => (stage === 'count' ? one.find(stage) : other.find(stage));
  await expect(completeRun(workspace, { pipeline: 'toy', steps: ['count', 'double'], find: mixed })).rejects.toThrow(
    /double:toy was made from another artifact of count[^]*expected[^]*found[^]*to do/,
  );
});
