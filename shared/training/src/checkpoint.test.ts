import { copyFile, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { UserError } from '@arrowsmith/errors';
import { loadCheckpoint, saveCheckpoint, type TrainingState } from './checkpoint.ts';

const run = { config: { hiddenSize: 16, layers: 2 }, parameters: { seed: 1 } };

/** A state after some steps, whose values depend on the step. */
function stateAt(step: number): TrainingState {
  const tensors = (offset: number) => ({
    'model.norm.weight': { shape: [3], data: Float32Array.of(step, offset, -0) },
    'lm_head.weight': { shape: [2, 2], data: Float32Array.of(1e-40, Math.fround(1 / 3), offset, 3e38) },
  });
  const log = Array.from({ length: step }, (_, i) => ({
    step: i + 1,
    tokens: 100 * i,
    trainLoss: 1 / 3 + i,
    learningRate: 0.1 + 0.2,
    gradientNorm: Number.MIN_VALUE,
    validationLoss: i % 2 === 0 ? null : Math.PI,
  }));
  return { parameters: tensors(1), firstMoments: tensors(2), secondMoments: tensors(3), log };
}

let directory: string;
beforeEach(async () => {
  directory = join(await mkdtemp(join(tmpdir(), 'checkpoint-')), 'checkpoints');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** Saves one checkpoint after the other, as a run does. */
async function saveSteps(...steps: number[]): Promise<string[]> {
  let saved;
  for (const step of steps) saved = await saveCheckpoint(directory, stateAt(step), run, saved);
  return (await readdir(directory)).sort();
}

test('a state comes back bit for bit, the log and its order included', async () => {
  await saveSteps(3);
  const loaded = await loadCheckpoint(directory, run);
  expect(loaded?.state).toEqual(stateAt(3));
  expect(loaded?.saved.step).toBe(3);
  expect(Object.keys(loaded!.state.parameters)).toEqual(Object.keys(stateAt(3).parameters));
});

test('a directory that does not exist, or is empty, holds no checkpoint', async () => {
  expect(await loadCheckpoint(directory, run)).toBeUndefined();
});

test('the last two checkpoints are kept, and what a killed save left is removed', async () => {
  await saveSteps(1);
  await writeFile(join(directory, 'step-00000002.arrow.0123abcd.tmp'), 'half a fi');
  await writeFile(join(directory, 'notes.txt'), 'not ours');
  expect(await saveSteps(2, 3, 4)).toEqual(['notes.txt', 'step-00000003.arrow', 'step-00000004.arrow']);
});

test('equal states make equal files', async () => {
  await saveSteps(2);
  const first = await readFile(join(directory, 'step-00000002.arrow'));
  await rm(directory, { recursive: true });
  await saveSteps(2);
  expect(first.equals(await readFile(join(directory, 'step-00000002.arrow')))).toBe(true);
});

const damages: [string, (path: string) => Promise<void>][] = [
  ['empty', (path) => truncate(path, 0)],
  ['cut short', async (path) => truncate(path, (await readFile(path)).length - 700)],
  ['cut after its first bytes', (path) => truncate(path, 20)],
  ['not Arrow', (path) => writeFile(path, '{"step": 4}')],
  ['changed in one value', (path) => flip(path, Float32Array.of(3e38))],
  ['that of the step before', (path) => copyFile(path.replace('4.arrow', '3.arrow'), path)],
  ['changed in its log', (path) => flip(path, Buffer.from('"gradientNorm"'))],
];

/** Flips one bit at the last place where these bytes stand. */
async function flip(path: string, bytes: Float32Array | Buffer): Promise<void> {
  const content = await readFile(path);
  const at = content.lastIndexOf(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  expect(at).toBeGreaterThan(0);
  content[at]! ^= 1;
  await writeFile(path, content);
}

test.each(damages)(
  'a newest checkpoint that is %s is passed over for the one before, with a notice',
  async (_, damage) => {
    await saveSteps(3, 4);
    await damage(join(directory, 'step-00000004.arrow'));
    const notices: string[] = [];
    const loaded = await loadCheckpoint(directory, run, (notice) => notices.push(notice));
    expect(loaded?.state).toEqual(stateAt(3));
    expect(notices).toHaveLength(1);
    expect(notices[0]).toContain('step-00000004.arrow');
  },
);

test('the damaged file is gone after the next save, and the sound one is still there', async () => {
  await saveSteps(3, 8);
  await truncate(join(directory, 'step-00000008.arrow'), 100);
  const loaded = await loadCheckpoint(directory, run);
  await saveCheckpoint(directory, stateAt(5), run, loaded!.saved);
  expect((await readdir(directory)).sort()).toEqual(['step-00000003.arrow', 'step-00000005.arrow']);
});

test('with no sound checkpoint left the run starts anew, with a notice for each', async () => {
  await saveSteps(3, 4);
  for (const name of await readdir(directory)) await truncate(join(directory, name), 50);
  const notices: string[] = [];
  expect(await loadCheckpoint(directory, run, (notice) => notices.push(notice))).toBeUndefined();
  expect(notices).toHaveLength(2);
});

test('a checkpoint of another run is refused, naming the setting that differs', async () => {
  await saveSteps(2);
  const other = { ...run, config: { hiddenSize: 32, layers: 2 } };
  await expect(loadCheckpoint(directory, other)).rejects.toThrow(UserError);
  await expect(loadCheckpoint(directory, other)).rejects.toThrow(
    /expected: +config.hiddenSize = 32\n.*config.hiddenSize = 16/,
  );
  const more = { ...run, dropout: 0.1 };
  await expect(loadCheckpoint(directory, more)).rejects.toThrow(/dropout = 0.1\n.*dropout = not set/);
});
