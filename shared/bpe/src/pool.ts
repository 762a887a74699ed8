/**
 * @file Worker threads that map a stream of inputs to outputs, in order and with back-pressure.
 *
 * A task is defined by its module, and a worker is that module, loaded once more. In the bundle of a stage a module is part of a file with
 * others, at most with the stage's start, which runs no stage in a worker; the code of workers is thus part of a stage's identity.
 */

import { setImmediate } from 'node:timers/promises';
import { isMainThread, parentPort, workerData, Worker, type Transferable } from 'node:worker_threads';
import { UserError, type UserErrorParts } from '@arrowsmith/errors';

/** Bytes of input from which on workers are started: less is done sooner than they start (0.1 s each, 0.5 s from TypeScript). */
const WORKERS_FROM = 8 * 2 ** 20;

/** A value, and the memory in it that moves to the other thread instead of being copied. */
export interface Message<T> {
  value: T;
  transfer?: Transferable[];
}

/** A computation that can run in any thread; made by {@link defineTask}. */
export interface Task<Options, Input, Output> {
  /** Unique in the project. */
  name: string;
  /** `import.meta.url` of the module that defines the task: a worker loads it. */
  url: string;
  /** Prepares the computation, once per thread. What it returns maps one input to one output. */
  start: (options: Options) => (input: Input) => Message<Output>;
  /**
   * What is sent of an input. A view is cloned with all the memory behind it: cut out what is needed and transfer it. Default:
   * the input is cloned.
   */
  send?: (input: Input) => Message<Input>;
  /** Bytes of an input, of which it depends whether workers are worth while. */
  size: (input: Input) => number;
}

/** Where a task runs. */
export interface ThreadOptions {
  /** Worker threads; with 1 the work is done in the calling thread. */
  threads: number;
  /** Ends the work: the stream throws its reason. */
  signal?: AbortSignal | undefined;
  /** Bytes of input from which on workers are started. Default 8 MiB; less is done in the calling thread. */
  workersFrom?: number | undefined;
}

interface WorkerData {
  task: string;
  options: unknown;
}

type Reply = { value: unknown } | { error: unknown; parts?: UserErrorParts };

/**
 * Defines a task; to be called at the top of a module and with its own `import.meta.url`. In a worker that was started for the task
 * it serves.
 */
export function defineTask<Options, Input, Output>(task: Task<Options, Input, Output>): Task<Options, Input, Output> {
  const data = workerData as Partial<WorkerData> | null;
  if (!isMainThread && parentPort !== null && data?.task === task.name) {
    const port = parentPort;
    let run: ((input: Input) => Message<Output>) | undefined;
    port.on('message', (input: Input) => {
      try {
        run ??= task.start(data.options as Options);
        const { value, transfer = [] } = run(input);
        port.postMessage({ value } satisfies Reply, transfer);
      } catch (error) {
        // Cloning keeps an error's message and stack, but neither its class nor its fields.
        port.postMessage({ error, ...(error instanceof UserError && { parts: error.parts }) } satisfies Reply);
      }
    });
  }
  return task;
}

/**
 * Maps a stream of inputs by a task. Outputs come in the order of the inputs, and at most two inputs per thread are under way.
 *
 * @param options of the task, cloned for each thread.
 * @throws what the task, the stream of inputs, or the signal throws; no worker is left running then, nor where the consumer stops.
 */
export async function* mapInThreads<Options, Input, Output>(
  task: Task<Options, Input, Output>,
  options: Options,
  inputs: AsyncIterable<Input> | Iterable<Input>,
  { threads, signal, workersFrom = WORKERS_FROM }: ThreadOptions,
): AsyncGenerator<Output> {
  signal?.throwIfAborted();
  if (threads === 1) return yield* mapHere(task, options, inputs, signal);
  const first: Input[] = []; // until there is enough for workers
  let size = 0;
  let pool: ReturnType<typeof startWorkers<Input, Output>> | undefined;
  const underWay: Promise<Output>[] = [];
  try {
    for await (const input of inputs) {
      signal?.throwIfAborted();
      if (pool === undefined) {
        first.push(input);
        size += task.size(input);
        if (size < workersFrom) continue;
        pool = startWorkers(task, options, threads, signal);
      } else {
        first.push(input);
      }
      for (let next = first.shift(); next !== undefined; next = first.shift()) {
        underWay.push(pool.run(next));
        if (underWay.length >= 2 * threads) yield await underWay.shift()!;
      }
    }
    for (const output of underWay) yield await output;
    if (pool === undefined) yield* mapHere(task, options, first, signal);
  } finally {
    await pool?.stop();
  }
}

/** Maps in the calling thread, which has its turns for signals and progress between the inputs. */
async function* mapHere<Options, Input, Output>(
  task: Task<Options, Input, Output>,
  options: Options,
  inputs: AsyncIterable<Input> | Iterable<Input>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Output> {
  const run = task.start(options);
  for await (const input of inputs) {
    await setImmediate();
    signal?.throwIfAborted();
    yield run(input).value;
  }
}

interface Member {
  worker: Worker;
  /** The inputs that it has been given, oldest first. */
  waiting: { resolve: (output: never) => void; reject: (error: unknown) => void }[];
}

function startWorkers<Input, Output>(
  task: Task<never, Input, Output>,
  options: unknown,
  threads: number,
  signal: AbortSignal | undefined,
) {
  const members = Array.from({ length: threads }, (): Member => {
    const worker = startWorker(task.url, { task: task.name, options });
    const member: Member = { worker, waiting: [] };
    worker.on('message', (reply: Reply) => {
      const { resolve, reject } = member.waiting.shift()!;
      if ('value' in reply) resolve(reply.value as never);
      else reject(reply.parts === undefined ? reply.error : new UserError(reply.parts));
    });
    worker.on('error', (error) => fail(member, error));
    worker.on('exit', (code) => fail(member, new Error(`a worker thread of "${task.name}" ended with code ${code}`)));
    return member;
  });
  const fail = ({ waiting }: Member, error: unknown) => {
    for (const { reject } of waiting.splice(0)) reject(error);
  };
  const onAbort = () => {
    for (const member of members) fail(member, signal!.reason);
  };
  signal?.addEventListener('abort', onAbort);

  return {
    /** Gives an input to the worker that has least to do. */
    run(input: Input): Promise<Output> {
      const member = members.reduce((a, b) => (b.waiting.length < a.waiting.length ? b : a));
      const output = new Promise<Output>((resolve, reject) => {
        member.waiting.push({ resolve, reject });
      });
      output.catch(() => {}); // it is thrown where the output's turn comes, if it comes
      const { value, transfer = [] } = task.send?.(input) ?? { value: input };
      member.worker.postMessage(value, transfer);
      return output;
    },
    async stop(): Promise<void> {
      signal?.removeEventListener('abort', onAbort);
      await Promise.all(members.map(({ worker }) => worker.terminate()));
    },
  };
}

/** Loads a module in a worker. TypeScript needs its loader, which Node 20 does not hand on to workers. */
function startWorker(url: string, data: WorkerData): Worker {
  if (!url.endsWith('.ts')) return new Worker(new URL(url), { workerData: data });
  const loader = import.meta.resolve('tsx/esm/api');
  const code = `import(${JSON.stringify(loader)}).then(({ register }) => {
    register();
    return import(${JSON.stringify(url)});
  });`;
  return new Worker(code, { workerData: data, eval: true, execArgv: [] });
}
