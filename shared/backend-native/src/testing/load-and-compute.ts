/** @file Loads the library of kernels and multiplies matrices again and again, in the main thread or in a worker, for tests of exits. */
import { createRequire } from 'node:module';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import type { Addon } from '../addon.ts';

const N = 384;

/** One product of N×N matrices of ones. @returns whether it is right */
function multiply(addon: Addon): boolean {
  const [a, b, c] = [addon.allocate(4 * N * N), addon.allocate(4 * N * N), addon.allocate(4 * N * N)].map((buffer) =>
    new Float32Array(buffer).fill(1),
  ) as [Float32Array, Float32Array, Float32Array];
  addon.gemmBatched(0, false, false, 1, 1, 1, N, N, N, a, b, c);
  return c.every((value) => value === N);
}

const { LIBRARY: path, SCENARIO: scenario } = process.env;
const load = (): Addon => createRequire(import.meta.url)(path!) as Addon;
const startWorker = (): Worker => new Worker(process.argv[1]!);

/** Computes until somebody ends it. */
function computeForever(addon: Addon): never {
  for (;;) if (!multiply(addon)) process.abort();
}

async function inMainThread(): Promise<void> {
  const started = (worker: Worker) => new Promise((resolve) => worker.once('message', resolve));
  if (scenario === 'worker-beside-main') {
    const addon = load();
    const worker = startWorker();
    while (worker.threadId !== -1) {
      if (!multiply(addon)) process.exit(2);
      await new Promise((resolve) => setImmediate(resolve));
    }
  } else if (scenario === 'worker-alone') {
    // Node would unload the library after each worker, if it could.
    for (let i = 0; i < 3; i++) {
      const worker = startWorker();
      const code = await new Promise((resolve) => worker.once('exit', resolve));
      if (code !== 0) process.exit(2);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  } else if (scenario === 'terminated-worker') {
    const worker = startWorker();
    await started(worker);
    await worker.terminate();
    if (!multiply(load())) process.exit(2);
  } else if (scenario === 'exit-in-main') {
    const addon = load();
    for (let i = 0; i < 5; i++) multiply(addon);
    setTimeout(() => process.exit(7), 20);
    const goOn = () => {
      multiply(addon);
      setImmediate(goOn);
    };
    goOn();
  } else if (scenario === 'exit-while-worker-computes') {
    await started(startWorker());
    process.exit(7);
  } else if (scenario === 'exit-in-worker') {
    const worker = startWorker();
    process.exitCode = (await new Promise<number>((resolve) => worker.once('exit', resolve))) === 7 ? 7 : 2;
  }
}

function inWorker(): void {
  const addon = load();
  if (scenario === 'terminated-worker' || scenario === 'exit-while-worker-computes') {
    parentPort!.postMessage('started', []);
    computeForever(addon);
  }
  for (let i = 0; i < 5; i++) if (!multiply(addon)) throw new Error('wrong product');
  if (scenario === 'exit-in-worker') process.exit(7);
}

if (isMainThread) await inMainThread();
else inWorker();
