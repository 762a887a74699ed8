/** @file Training that is killed, stopped and started twice: nothing is lost, nothing is half-written, and the result is the same. */
import { cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { copyWorkspace, type Finished, type Running, type TestWorkspace } from './support/workspace.ts';

const STEPS = 100;
const PIPELINE = `
steps:
  download:
    source: { type: embedded, stories: 40, validationStories: 8, seed: 1 }
  tokenizer: { vocabularySize: 300 }
  chunk: { contextLength: 32 }
  train:
    steps: ${STEPS}
    batchSize: 2
    model: { hiddenSize: 16, layers: 1, heads: 2, kvHeads: 1, intermediateSize: 32 }
    validation: { every: 10, rows: 2 }
    checkpoint: { everySeconds: 0 }
`;

let workspace: TestWorkspace;
/** manifest.json of a training that nothing interrupts. */
let uninterrupted: string;

/** Puts the store back to what it was before any training. */
const forgetTraining = (): void => {
  rmSync(join(workspace.root, 'artifacts'), { recursive: true });
  cpSync(join(workspace.root, 'before'), join(workspace.root, 'artifacts'), {
    recursive: true,
    verbatimSymlinks: true,
  });
};

beforeAll(async () => {
  workspace = copyWorkspace();
  workspace.write('pipelines/tiny.yaml', PIPELINE);
  succeed(workspace.nx(['run', 'chunk:tiny']));
  cpSync(join(workspace.root, 'artifacts'), join(workspace.root, 'before'), {
    recursive: true,
    verbatimSymlinks: true,
  });
  succeed(await train().finished);
  uninterrupted = manifest();
});
beforeEach(forgetTraining);
afterAll(() => workspace.remove());

function succeed({ code, output }: Finished): void {
  if (code !== 0) throw new Error(output);
}

/** Starts the stage as Nx does, but for the parameters, which it reads itself. */
const train = (...flags: string[]): Running =>
  workspace.start(['--enable-source-maps', '.work/code/train.mjs', 'tiny', ...flags]);

const manifest = (): string => workspace.read('artifacts/tiny/train/manifest.json');

const list = (folder: string): string[] => {
  const path = join(workspace.root, 'artifacts', folder);
  return existsSync(path) ? readdirSync(path) : [];
};

/** Files of the training in progress: `state` has its checkpoints, `output` the artifact that it writes. */
const inProgress = (part: 'state' | 'output'): string[] =>
  list('store/work').flatMap((key) => list(`store/work/${key}/${part}`));

const lastCheckpoint = (): number =>
  Math.max(0, ...inProgress('state').map((file) => Number(/^step-(\d+)\.arrow$/.exec(file)?.[1] ?? 0)));

/** Waits for a moment of a process. @returns false when the process was faster */
async function until(moment: (running: Running) => boolean, running: Running): Promise<boolean> {
  while (!moment(running)) {
    if (running.child.exitCode !== null) return false;
    await sleep(1);
  }
  return true;
}

/** The moments at which a training is killed, one after the other. */
const MOMENTS: Record<string, (running: Running) => boolean> = {
  'it has just been started': () => true,
  'it has taken the lock': () => list('store/locks').length > 0,
  'it says what it trains': ({ output }) => output().includes('parameters on the backend'),
  'its first checkpoint is there': () => lastCheckpoint() > 0,
  'it is writing a checkpoint': () =>
    lastCheckpoint() >= 20 && inProgress('state').some((file) => file.endsWith('.tmp')),
  'it is past a validation': () => lastCheckpoint() >= 41,
  'it is close to its end': () => lastCheckpoint() >= 90,
  'its last checkpoint is there': () => lastCheckpoint() === STEPS,
  'it is writing the artifact': () => inProgress('output').length > 0,
  'its result is remembered': () => list('store/memo').length > 3,
};

test('a training killed at any moment, again and again, comes to the result of one that was not', async () => {
  const killed: string[] = [];
  for (const [name, moment] of Object.entries(MOMENTS)) {
    const running = train();
    if (await until(moment, running)) killed.push(name);
    running.child.kill('SIGKILL');
    await running.finished;
    expect([undefined, uninterrupted]).toContain(list('tiny').includes('train') ? manifest() : undefined);
  }
  expect(killed).toEqual(expect.arrayContaining(Object.keys(MOMENTS).slice(0, 7))); // the last ones may be missed
  const { code, output } = await train().finished;
  expect(code, output).toBe(0);
  expect(manifest()).toBe(uninterrupted);
  expect(list('tiny').sort()).toEqual(['chunk', 'download', 'tokenizer', 'train']);
  for (const folder of ['store/work', 'store/locks']) expect(list(folder)).toEqual([]);
});

test('asked to stop, a training saves what it did, says so and exits within 5 seconds; the next one goes on from there', async () => {
  const rare = ['--steps=3000', '--checkpoint.everySeconds=1'];
  const stopped = train(...rare);
  expect(await until(() => lastCheckpoint() > 0, stopped)).toBe(true);
  const periodic = lastCheckpoint();
  await sleep(500); // further steps, before the next checkpoint is due
  const asked = performance.now();
  for (const signal of ['SIGINT', 'SIGINT', 'SIGTERM', 'SIGTERM'] as const) {
    stopped.child.kill(signal); // as on Ctrl-C, which the terminal and Nx both pass on
    await sleep(1);
  }
  const { code, output } = await stopped.finished;
  expect(performance.now() - asked).toBeLessThan(5000);
  expect(code).toBe(143);
  expect(output).toMatch(/stopped; run the same command again to go on from the last checkpoint or finished step/);
  expect(list('tiny')).not.toContain('train');
  expect(inProgress('output')).toEqual([]);
  expect(list('store/locks')).toEqual([]);
  const saved = lastCheckpoint();
  expect(saved).toBeGreaterThan(periodic);

  const next = train(...rare);
  expect(await until((running) => running.output().includes(`resuming after step ${saved}`), next)).toBe(true);
  next.child.kill('SIGTERM');
  expect(await next.finished).toMatchObject({ code: 143 });
});

test('a command that does not listen is ended within 5 seconds all the same, with the same words', async () => {
  workspace.write(
    'deaf.ts',
    `import { main } from './shared/pipeline/src/cli/main.ts';
     await main(() => new Promise(() => setInterval(() => console.log('working'), 10)));`,
  );
  const stopped = workspace.start(['--import', 'tsx', 'deaf.ts']);
  expect(await until(({ output }) => output().includes('working'), stopped)).toBe(true);
  const asked = performance.now();
  stopped.child.kill('SIGINT');
  const { code, output } = await stopped.finished;
  expect(performance.now() - asked).toBeLessThan(5000);
  expect(code).toBe(143);
  expect(output).toMatch(/stopped; run the same command again/);
});

test('a training stopped through Nx says so, too, and is resumed through Nx', async () => {
  const stopped = workspace.start(['node_modules/nx/dist/bin/nx.js', 'run', 'train:tiny']);
  expect(await until(() => lastCheckpoint() > 0, stopped)).toBe(true);
  stopped.child.kill('SIGTERM');
  const { code, output } = await stopped.finished;
  expect(code).not.toBe(0);
  expect(output.trimEnd()).toMatch(
    /stopped; run the same command again to go on from the last checkpoint or finished step$/,
  ); // after all that Nx says
  const saved = lastCheckpoint();
  const next = await workspace.nxAsync(['run', 'train:tiny']);
  expect(next.code, next.output).toBe(0);
  expect(next.output).toContain(`resuming after step ${saved}`);
  expect(manifest()).toBe(uninterrupted);
});

test('of two `nx run` of one training at once one computes, and both have its artifact', async () => {
  const both = ['run', 'train:tiny', '--skip-nx-cache']; // not the output of the other, from the cache of Nx
  const finished = await Promise.all([workspace.nxAsync(both), workspace.nxAsync(both)]);
  expect(
    finished.map(({ code }) => code),
    finished.map(({ output }) => output).join(),
  ).toEqual([0, 0]);
  const say = (text: string): number => finished.filter(({ output }) => output.includes(text)).length;
  expect([say('train: done in'), say('train: nothing to do, the result is in the store')]).toEqual([1, 1]);
  expect(manifest()).toBe(uninterrupted);
  expect(list('tiny').sort()).toEqual(['chunk', 'download', 'tokenizer', 'train']);
  for (const folder of ['store/work', 'store/locks']) expect(list(folder)).toEqual([]);
});
