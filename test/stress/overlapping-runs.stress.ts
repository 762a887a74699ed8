/**
 * @file Forty `nx run` of one pipeline at once, with parameters of their own, single stages, wrong names, and garbage collection beside: every
 * one gets what it gets when it is alone.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { openWorkspace, readLedger, type Run } from '@arrowsmith/pipeline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TINY_PIPELINE } from '../support/tiny-pipeline.ts';
import { copyWorkspace, type Finished, type TestWorkspace } from '../support/workspace.ts';

const STARTS = 40;

/** A command, and what it must come to. */
interface Start {
  args: string[];
  env?: Record<string, string>;
  /** Of the error, where it must fail. */
  error?: RegExp;
}

/** Taken in turn until there are forty. */
const KINDS: Start[] = [
  { args: ['pipeline:tiny'] },
  { args: ['pipeline:tiny'], env: { PIPELINE_SET: 'train.steps=4' } },
  { args: ['pipeline:tiny', '--train.seed=7'] },
  { args: ['train:tiny', '--steps=5'] },
  { args: ['pipeline:tiny'], env: { PIPELINE_SET: 'download.source.seed=2' } },
  { args: ['pipeline:tiny'], env: { PIPELINE_SET: 'train.stpes=4' }, error: /unknown parameter "train\.stpes"/ },
  { args: ['chunk:tiny', '--contextLength=16'] },
  { args: ['pipeline:other'] },
  { args: ['pipeline:tiny', '--train.steps=4', '--download.source.seed=2'] },
  // Where Nx takes the graph that another one has just built, no plugin is asked, and Nx says it in its own words.
  { args: ['pipeline:nope'], error: /there is no pipeline "nope"|Cannot find configuration for task pipeline:nope/ },
  { args: ['evaluate:tiny'], env: { PIPELINE_SET: 'train.steps=6,tokenizer.vocabularySize=290' } },
  { args: ['train:tiny', '--stpes=5'], error: /unknown parameter "train\.stpes"/ },
];

const startOf = (i: number): Start => KINDS[i % KINDS.length]!;
const nameOf = (i: number): string => `start-${i}`;

const ALONE = 'alone';

let workspace: TestWorkspace;
let lone: TestWorkspace;
/** By kind, the run that had the machine for itself. */
const aloneRuns = new Map<Start, Run>();

beforeAll(async () => {
  [workspace, lone] = [copyWorkspace(), copyWorkspace()];
  for (const { write } of [workspace, lone]) {
    write('pipelines/tiny.yaml', TINY_PIPELINE);
    write('pipelines/other.yaml', 'extends: tiny\nsteps:\n  train: { seed: 2 }\n');
  }
  for (const [i, kind] of KINDS.entries()) {
    const { code, output } = lone.nx(['run', ...kind.args], { ...kind.env, RUN_NAME: `${ALONE}-${i}` });
    if ((code === 0) !== (kind.error === undefined)) throw new Error(output);
  }
  const { runs } = await readLedger(openWorkspace(lone.root, {}));
  for (const [i, kind] of KINDS.entries()) {
    const run = runs.find(({ name }) => name === `${ALONE}-${i}`);
    if (run !== undefined) aloneRuns.set(kind, run);
  }
});
afterAll(() => {
  workspace.remove();
  lone.remove();
});

/** What a run is, but for time, machine and what was cached. */
const essence = ({ pipeline, step, steps }: Run) => ({
  pipeline,
  step,
  steps: Object.fromEntries(
    Object.entries(steps).map(([name, { key, code, manifest, parameters, inputs, environment, metadata }]) => [
      name,
      { key, code, manifest, parameters, inputs, environment, metadata },
    ]),
  ),
});

/** Collects garbage again and again until it is stopped. */
function collectBeside(): { stop: () => Promise<Finished[]> } {
  const state = { over: false };
  const collecting = (async () => {
    const collected: Finished[] = [];
    while (!state.over) {
      collected.push(await workspace.nxAsync(['run', 'pipeline:gc', '--delete', '--now']));
      await sleep(100);
    }
    return collected;
  })();
  return {
    stop: () => {
      state.over = true;
      return collecting;
    },
  };
}

/** What a start came to that should be as when it is alone; what is wrong with one, with what it printed. */
function outcome(i: number, { code, output }: Finished, runs: readonly Run[]): unknown {
  const { error } = startOf(i);
  const own = runs.filter(({ name }) => name === nameOf(i));
  if (error !== undefined)
    return code !== 0 && error.test(output) && own.length === 0 ? 'refused' : { code, output, own };
  return code === 0 && own.length === 1 ? essence(own[0]!) : { code, output, runs: own.length };
}

const expected = (i: number): unknown => {
  const alone = aloneRuns.get(startOf(i));
  return alone === undefined ? 'refused' : essence(alone);
};

test(`${STARTS} overlapping starts, with gc --delete beside them`, async () => {
  const { stop } = collectBeside();
  const finished = await Promise.all(
    Array.from({ length: STARTS }, async (_, i) => {
      await sleep(150 * i); // so that some begin while others are in the middle
      const { args, env } = startOf(i);
      return workspace.nxAsync(['run', ...args], { ...env, RUN_NAME: nameOf(i) });
    }),
  );
  const refused = /garbage cannot be collected while/;
  const collected = await stop();
  expect(collected.filter(({ code, output }) => code !== 0 && !refused.test(output))).toEqual([]);

  const { runs } = await readLedger(openWorkspace(workspace.root, {}));
  const wrong = finished.flatMap((result, i) => {
    const [was, alone] = [outcome(i, result, runs), expected(i)];
    return isDeepStrictEqual(was, alone) ? [] : [{ start: startOf(i), was, alone }];
  });
  expect(wrong).toEqual([]);
  expect(runs).toHaveLength(finished.filter((_, i) => startOf(i).error === undefined).length);

  // Every pointer is whole, and of one of the runs.
  const digests = new Set(runs.flatMap(({ steps }) => Object.values(steps).map(({ manifest }) => manifest)));
  for (const pipeline of ['tiny', 'other']) {
    const folder = join(workspace.root, 'artifacts', pipeline);
    for (const stage of readdirSync(folder)) {
      const { manifest } = JSON.parse(readFileSync(join(folder, stage, 'run.json'), 'utf8')) as { manifest: string };
      expect(digests).toContain(manifest);
    }
  }
  expect(readdirSync(join(workspace.root, 'artifacts/store/runs'))).toEqual([]);
  expect(readdirSync(join(workspace.root, 'artifacts/store/locks'))).toEqual([]);
});
