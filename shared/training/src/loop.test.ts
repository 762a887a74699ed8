import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { UserError } from '@arrowsmith/errors';
import { initialWeights, tensorsOf, type Weights } from '@arrowsmith/model';
import { useBackend } from '@arrowsmith/engine';
import type { TokenRows } from './data.ts';
import { splitLoss } from './evaluate.ts';
import type { LogRow } from './log.ts';
import { train, TrainingInterrupted, type TrainOptions } from './loop.ts';
import { config, contextLength, splitOf, tinyParameters, trainSplit, validationSplit } from './testing/tiny-run.ts';

let directory: string;
let count = 0;
beforeAll(async () => {
  await useBackend('wasm');
  directory = await mkdtemp(join(tmpdir(), 'train-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** A tiny run with a checkpoint directory of its own. */
function tinyRun(overrides: Partial<TrainOptions> = {}): TrainOptions {
  return {
    config,
    parameters: tinyParameters(),
    train: trainSplit,
    validation: validationSplit,
    checkpointDirectory: join(directory, String(count++)),
    ...overrides,
  };
}

/** The bytes of weights, for comparison bit by bit. */
const bytesOf = (weights: Weights) =>
  Object.entries(weights).map(([name, { data }]) => [
    name,
    Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex'),
  ]);

/** Mean loss of some rows. */
async function measure(weights: Weights, rows: TokenRows, indices: number[]): Promise<number> {
  const parameters = tensorsOf(weights);
  const { nats, tokens } = await splitLoss({ config, parameters, rows, indices, batchSize: 4 });
  tf.dispose(parameters);
  return nats / tokens;
}

test('a tiny model learns a repeated sequence by heart in a few steps', async () => {
  const sequence = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9];
  const { log } = await train(
    tinyRun({
      parameters: tinyParameters({
        steps: 60,
        batchSize: 1,
        optimizer: { learningRate: 0.03, weightDecay: 0 },
        validation: { every: 1000 },
      }),
      train: splitOf([sequence]),
      validation: splitOf([sequence]),
    }),
  );
  expect(log[0]!.trainLoss).toBeGreaterThan(2);
  expect(log.at(-1)!.trainLoss).toBeLessThan(0.05);
  expect(log.at(-1)!.validationLoss).toBeLessThan(0.05);
});

describe('a run', () => {
  let options: TrainOptions;
  let result: { weights: Weights; log: LogRow[] };
  const steps: LogRow[] = [];
  const validated: LogRow[] = [];
  const tensors: number[] = [];
  let tensorsBefore: number;

  beforeAll(async () => {
    tensorsBefore = tf.memory().numTensors;
    options = tinyRun({
      onStep: (row) => {
        steps.push(row);
        tensors.push(tf.memory().numTensors);
      },
      onValidation: (row) => validated.push(row),
    });
    result = await train(options);
  });

  test('logs every step, and the validation loss where it is due and at the end', () => {
    expect(result.log.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect(result.log.flatMap(({ step, validationLoss }) => (validationLoss === null ? [] : [step]))).toEqual([
      5, 10, 12,
    ]);
    expect(validated).toEqual(result.log.filter(({ validationLoss }) => validationLoss !== null));
    expect(steps).toEqual(result.log.map((row) => ({ ...row, validationLoss: null })));
    expect(result.log[2]!.tokens).toBe(3 * 4 * contextLength);
  });

  test('logs the loss that its weights have', async () => {
    // The first step's loss is that of the initial weights; with 44 rows in a batch it is that of the whole split.
    const whole = tinyRun({ parameters: tinyParameters({ steps: 1, batchSize: 44, gradientAccumulation: 11 }) });
    const all = Array.from({ length: 11 }, (_, row) => row);
    const first = await measure(initialWeights(config, 7), trainSplit, all);
    // float32 sums in another order
    expect((await train(whole)).log[0]!.trainLoss).toBeCloseTo(first, 5);
    // Of five rows, three evenly spread ones.
    expect(result.log.at(-1)!.validationLoss).toBeCloseTo(await measure(result.weights, validationSplit, [0, 1, 3]), 5);
  });

  test('uses as many tensors in the last step as in the first, and frees them all', () => {
    expect(new Set(tensors).size).toBe(1);
    expect(tf.memory().numTensors).toBe(tensorsBefore);
  });

  test('gives the same bytes when it is repeated, and others for another seed', async () => {
    const again = await train(tinyRun());
    expect(bytesOf(again.weights)).toEqual(bytesOf(result.weights));
    expect(again.log).toEqual(result.log);
    const other = await train(tinyRun({ parameters: tinyParameters({ seed: 8 }) }));
    expect(bytesOf(other.weights)).not.toEqual(bytesOf(result.weights));
  });

  test('gives the same bytes however often checkpoints are written', async () => {
    const often = tinyRun({ parameters: tinyParameters({ checkpoint: { everySeconds: 0 } }) });
    expect(bytesOf((await train(often)).weights)).toEqual(bytesOf(result.weights));
    expect(await readdir(often.checkpointDirectory)).toEqual(['step-00000011.arrow', 'step-00000012.arrow']);
  });

  test('gives the same bytes when it recomputes activations, and is the same run to a checkpoint', async () => {
    const parameters = tinyParameters({ recomputeActivations: true });
    expect(bytesOf((await train(tinyRun({ parameters }))).weights)).toEqual(bytesOf(result.weights));
    const resumed = await train({ ...options, parameters });
    expect(resumed.log).toEqual(result.log);
  });

  test('returns its result at once when it is called again after its end', async () => {
    const more: LogRow[] = [];
    const again = await train({ ...options, onStep: (row) => more.push(row) });
    expect(more).toEqual([]);
    expect(bytesOf(again.weights)).toEqual(bytesOf(result.weights));
    expect(again.log).toEqual(result.log);
  });

  test('starts from given weights instead of the seed', async () => {
    const { log } = await train(tinyRun({ weights: result.weights, parameters: tinyParameters({ steps: 1 }) }));
    expect(log[0]!.trainLoss).toBeLessThan(result.log[0]!.trainLoss);
  });

  const inStep = (controller: AbortController) => ({ onStep: (row: LogRow) => row.step === 4 && controller.abort() });
  const inValidation = (controller: AbortController) => ({ onValidationProgress: () => controller.abort() });

  test.each([
    ['in a step', 'adamw' as const, 4, inStep],
    ['in a validation', 'adamw' as const, 5, inValidation],
    ['in a step', 'muon' as const, 4, inStep],
  ])('interrupted %s of %s saves, throws, and resumes to the same bytes', async (_, method, step, interruption) => {
    const before = tf.memory().numTensors;
    const controller = new AbortController();
    // A validation of two batches, so that it can be interrupted between them.
    const parameters = tinyParameters({ validation: { every: 5, rows: 5 }, optimizer: { method } });
    const uninterrupted = await train(tinyRun({ parameters }));
    const interrupted = tinyRun({ parameters, signal: controller.signal });
    const stopped = train({ ...interrupted, ...interruption(controller) } as TrainOptions);
    await expect(stopped).rejects.toThrow(TrainingInterrupted);
    expect(tf.memory().numTensors).toBe(before);

    const notices: string[] = [];
    const { signal: _signal, ...resumed } = interrupted;
    const whole = await train({ ...resumed, onNotice: (notice) => notices.push(notice) });
    expect(notices).toEqual([`resuming after step ${step}`]);
    expect(bytesOf(whole.weights)).toEqual(bytesOf(uninterrupted.weights));
    expect(whole.log).toEqual(uninterrupted.log);
  });
});

test('gradient accumulation changes the weights by no more than rounding', async () => {
  const parameters = { steps: 3, validation: { every: 1000 } };
  const whole = await train(tinyRun({ parameters: tinyParameters(parameters) }));
  const split = await train(tinyRun({ parameters: tinyParameters({ ...parameters, gradientAccumulation: 4 }) }));
  for (const [name, { data }] of Object.entries(whole.weights)) {
    // Adam divides by the gradient's own size: rounding of a gradient near 0 can move a weight by a part of lr = 1e-3.
    data.forEach((value, i) => expect(Math.abs(value - split.weights[name]!.data[i]!)).toBeLessThan(1e-4));
  }
});

test('a loss that is not finite ends the run with advice, and keeps the checkpoint of before', async () => {
  const options = tinyRun({
    parameters: tinyParameters({
      optimizer: { learningRate: 1e30, warmupSteps: 0 },
      checkpoint: { everySeconds: 0 },
    }),
  });
  const before = tf.memory().numTensors;
  const failed = await train(options).catch((error: unknown) => error);
  expect(failed).toBeInstanceOf(UserError);
  expect((failed as UserError).parts.what).toMatch(/diverged after step \d+/);
  expect((failed as UserError).parts.expected).toMatch(/loss like that of step \d+, \d/);
  expect((failed as UserError).parts.fix).toContain('lower optimizer.learningRate (now 1e+30)');
  expect(tf.memory().numTensors).toBe(before);
  const last = /step (\d+)/.exec((failed as UserError).parts.what)![1]!;
  expect((await readdir(options.checkpointDirectory)).at(-1)).toBe(`step-${last.padStart(8, '0')}.arrow`);
});

test('splits that do not suit the model are refused before the first step', async () => {
  await expect(train(tinyRun({ validation: splitOf([]) }))).rejects.toThrow('validation split');
  await expect(train(tinyRun({ train: { ...trainSplit, contextLength: 13 } }))).rejects.toThrow('11 rows of 13 tokens');
});

const padding: TokenRows = {
  ...trainSplit,
  read: async (indices) => {
    const { inputs, targets } = await trainSplit.read(indices);
    return { inputs, targets: targets.fill(-1) };
  },
};

test('rows of nothing but padding are refused when they are read', async () => {
  await expect(train(tinyRun({ train: padding }))).rejects.toThrow(/no token to predict\n.*training rows \d/);
  await expect(train(tinyRun({ validation: padding }))).rejects.toThrow(/step 5: .*\n.*validation rows 0, 3, 7/);
});

test('a validation loss that is not finite ends the run as well', async () => {
  // The last step's update makes the weights infinite: only its validation can tell.
  const parameters = tinyParameters({ steps: 1, optimizer: { learningRate: 1e300, warmupSteps: 0 } });
  await expect(train(tinyRun({ parameters }))).rejects.toThrow(/diverged after step 1\n.*\n.*validation loss NaN/);
});

test('a checkpoint of another run is refused', async () => {
  const options = tinyRun({ parameters: tinyParameters({ steps: 2 }) });
  await train(options);
  const longer = train({ ...options, parameters: tinyParameters({ steps: 3 }) });
  await expect(longer).rejects.toThrow(/expected: +parameters.steps = 3\n +found: +parameters.steps = 2/);
});

test('a look at the model between steps sees what it has learnt so far and changes nothing', async () => {
  const seen: number[] = [];
  const looked = await train(
    tinyRun({
      onPause: {
        seconds: 0,
        call: async (parameters, log) => {
          const { nats } = await splitLoss({ config, parameters, rows: trainSplit, indices: [0, 1], batchSize: 2 });
          seen.push(log.length, nats);
        },
      },
    }),
  );
  const alone = await train(tinyRun());
  expect(bytesOf(looked.weights)).toEqual(bytesOf(alone.weights));
  expect(looked.log).toEqual(alone.log);
  expect(seen.filter((_, i) => i % 2 === 0)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  expect(new Set(seen.filter((_, i) => i % 2 === 1)).size).toBe(11); // another model each time
});
