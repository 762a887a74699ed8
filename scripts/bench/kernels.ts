/** @file Benchmark: each operation of a training step at the sizes of the 7M model, compared with its reference on wasm. */
import { resolveEngine } from '@arrowsmith/engine/resolve';
import { useBackend } from '@arrowsmith/engine';
import * as tf from '@tensorflow/tfjs-core';
import * as z from 'zod';
import { writeBenchTable } from './bench-table.ts';
import { kernelCases, type KernelCase, type PreparedKernel } from './kernel-cases.ts';
import { parseOptions, threadsOption } from './options.ts';
import { fixed, median, printTable } from './statistics.ts';

export const description =
  'each operation at the 7M model’s sizes, ms and GFLOP/s or GB/s, against wasm: [--precision=f32|bf16] [--peer=wasm|none] [--threads=all]';

export const options = z.strictObject({
  precision: z.enum(['f32', 'bf16']).default('f32'),
  peer: z.enum(['wasm', 'none']).default('wasm'),
  threads: threadsOption,
  seconds: z.coerce.number().positive().default(0.5),
});

const LEAST_CALLS = 5;

/** Median seconds of a call; without a gradient, `gradient` is null. */
interface Times {
  forward: number;
  gradient: number | null;
}

/** Times the operations on the backend that is chosen, then on wasm. */
export async function run(args: string[]): Promise<Record<string, unknown>> {
  const { precision, peer, threads, seconds } = parseOptions(args, options);
  const engine = resolveEngine({ precision });
  const start = () => useBackend(engine.backend, { precision: engine.precision, threads });
  const ours = await timesOn(start, { seconds, leastCalls: LEAST_CALLS });
  // Once, as a call of the reference may take seconds.
  const once = { seconds: 0, leastCalls: 1 };
  const reference = peer === 'wasm' ? await timesOn(() => useBackend('wasm'), once) : undefined;

  const rows = [...ours].flatMap(([operation, times]) =>
    (['forward', 'gradient'] as const).flatMap((pass) => {
      const time = times[pass];
      if (time === null) return [];
      const peerTime = reference?.get(operation)?.[pass] ?? null;
      return [
        rowOf(
          kernelCases.find(({ name }) => name === operation)!,
          pass,
          time,
          peerTime,
        ),
      ];
    }),
  );
  console.log(
    `operations at the sizes of the 7M model, ${engine.backend} ${engine.precision}, ${threads} threads; median of calls`,
  );
  printTable(
    ['operation', 'pass', 'ms', 'GFLOP/s', 'GB/s', 'wasm ms', 'ratio'],
    rows.map(({ operation, pass, milliseconds, gflops, gigabytes, peerMilliseconds }) => [
      operation,
      pass,
      fixed(milliseconds, 3),
      fixed(gflops, 1),
      fixed(gigabytes, 1),
      fixed(peerMilliseconds, 1),
      fixed(peerMilliseconds === null ? null : peerMilliseconds / milliseconds, 1),
    ]),
  );
  await writeBenchTable('kernels', rows, { backend: engine.backend, precision: engine.precision, threads });
  const total = (column: 'milliseconds' | 'peerMilliseconds') => rows.reduce((sum, row) => sum + (row[column] ?? 0), 0);
  const sum = total('milliseconds');
  const peerSum = reference === undefined ? null : total('peerMilliseconds');
  return {
    unit: 'ms, all operations once',
    ours: sum,
    peer: peerSum,
    ratio: peerSum === null ? null : peerSum / sum,
    rows,
  };
}

function rowOf(
  { name, flop, bytes }: KernelCase,
  pass: 'forward' | 'gradient',
  seconds: number,
  peerSeconds: number | null,
) {
  return {
    operation: name,
    pass,
    milliseconds: 1000 * seconds,
    gflops: flop === undefined ? null : flop[pass] / seconds / 1e9,
    gigabytes: bytes === undefined ? null : bytes[pass] / seconds / 1e9,
    peerMilliseconds: peerSeconds === null ? null : 1000 * peerSeconds,
  };
}

/** As many calls as fit into `seconds`, but at least `leastCalls`. */
interface Length {
  seconds: number;
  leastCalls: number;
}

async function timesOn(start: () => Promise<void>, length: Length): Promise<Map<string, Times>> {
  await start();
  return new Map(kernelCases.map((kernelCase) => [kernelCase.name, timesOf(kernelCase, length)]));
}

function timesOf({ prepare }: KernelCase, length: Length): Times {
  tf.engine().startScope();
  try {
    const { variables = [], lasting = false, call } = prepare();
    const forward = medianSeconds(() => {
      const start = performance.now();
      const values = call(...variables);
      return { seconds: (performance.now() - start) / 1000, values: lasting ? values : [] };
    }, length);
    return { forward, gradient: variables.length === 0 ? null : gradientSeconds(variables, call, length) };
  } finally {
    tf.engine().endScope();
  }
}

/** The time from when the gradient arrives at the operation's values. */
function gradientSeconds(variables: tf.Tensor[], call: PreparedKernel['call'], length: Length): number {
  let start = NaN;
  const gate = tf.customGrad((x) => ({
    value: (x as tf.Tensor).clone(),
    gradFunc: (dValue) => {
      start = performance.now();
      return dValue.clone();
    },
  }));
  const gradients = tf.grads((...xs: tf.Tensor[]) =>
    call(...xs)
      .map((value) => gate(value))
      .reduce((a, b) => tf.add(a, b)),
  );
  const dValue = call(...variables)[0]!;
  return medianSeconds(() => {
    gradients(variables, dValue);
    return { seconds: (performance.now() - start) / 1000, values: [] };
  }, length);
}

/** @param work measures itself, and returns the values that live on */
function medianSeconds(work: () => { seconds: number; values: tf.Tensor[] }, { seconds, leastCalls }: Length): number {
  const times: number[] = [];
  const measured = (): number => tf.tidy(() => work() as unknown as tf.TensorContainerObject)['seconds'] as number;
  if (leastCalls > 1) measured(); // warms up
  const begin = performance.now();
  while (times.length < leastCalls || performance.now() - begin < 1000 * seconds) times.push(measured());
  return median(times);
}
