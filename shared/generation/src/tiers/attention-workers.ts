/** @file The attention tier: processes that keep keys and values and attend, started when they are needed and again when they are lost. */
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { pathToFileURL } from 'node:url';
import { UserError } from '@arrowsmith/errors';
import { checkInt8Rows, type DecoderConfig, type KvPrecision } from '@arrowsmith/model';
import * as tf from '@tensorflow/tfjs-core';
import type { AttentionTier, RemoteKvStore } from '../engine/sequence-store.ts';
import type { KvMemory } from '../kv/index.ts';
import { TieredStore } from './tiered-store.ts';
import { WorkerProcess } from './worker-process.ts';

/** A worker that is lost so often before a token was computed with its help is not started again. */
const MOST_FAILURES = 3;

/** Each takes a fifth of a gigabyte before it keeps anything; more of them are a slip of the keyboard. */
const MOST_WORKERS = 64;

/** An answer comes in milliseconds; a machine that swaps, or sleeps, may take much longer. */
const TIMEOUT_SECONDS = 60;

export interface AttentionWorkersOptions {
  /** Processes, each with a memory of its own for the keys and values of a model. */
  count: number;
  /** Of each; by default all share the machine's cores. Results do not depend on it. */
  threads?: number | undefined;
  /** How long an answer may take before its worker counts as lost. */
  timeoutSeconds?: number | undefined;
  /** Is told of workers that are lost. */
  onNotice?: ((line: string) => void) | undefined;
  /** For tests: another module than the worker's. */
  module?: URL | undefined;
}

/** A place for a worker. */
interface Slot {
  process: WorkerProcess | undefined;
  /** In a row, without a token in between. */
  failures: number;
  losses: number;
  lastLoss: string;
}

/** What the workers do at the moment. */
export interface WorkerState {
  /** Of the process, where there is one. */
  pid: number | undefined;
  /** How often it was lost. */
  losses: number;
  /** Bytes to the process, and from it. */
  sent: number;
  received: number;
}

/**
 * Processes that keep the keys and values of one engine or several, and compute attention: `new Engine(model, { attention: workers })`. They compute on
 * the backend that is active when the first engine is made, and end with the last engine that is disposed of, or with this process.
 */
export class AttentionWorkers implements AttentionTier {
  readonly #options: AttentionWorkersOptions;
  readonly #slots: Slot[];
  readonly #stores = new Set<TieredStore>();
  #backend = '';
  #pools = 0;

  /** @throws UserError where there are to be none, or very many */
  constructor(options: AttentionWorkersOptions) {
    const { count } = options;
    if (!Number.isInteger(count) || count < 1 || count > MOST_WORKERS) {
      throw new UserError({
        what: 'there cannot be as many workers for attention',
        expected: `a whole number of them, from 1 to ${MOST_WORKERS}`,
        found: `${count}`,
        fix: 'say how many there are to be, or leave them out to compute in one process',
      });
    }
    this.#options = options;
    this.#slots = Array.from({ length: count }, () => ({ process: undefined, failures: 0, losses: 0, lastLoss: '' }));
  }

  get count(): number {
    return this.#slots.length;
  }

  /** Opens a memory in each worker. */
  open(config: DecoderConfig, memory: () => KvMemory, precision: KvPrecision): RemoteKvStore {
    if (precision === 'int8') checkInt8Rows(config);
    if (this.#stores.size === 0) this.#backend = tf.getBackend();
    const store = new TieredStore(this, { config, memory, precision }, async () => {
      this.#stores.delete(store);
      if (this.#stores.size === 0) await this.#end();
    });
    this.#stores.add(store);
    return store;
  }

  /** A number that no other memory of these workers has. */
  nextPool(): number {
    return ++this.#pools;
  }

  /** The i-th worker, which is started where there is none; undefined where it was lost again and again. */
  worker(i: number): WorkerProcess | undefined {
    const slot = this.#slots[i];
    if (slot === undefined) throw new RangeError(`there is no worker ${i}`);
    this.#notice(slot, i);
    if (slot.failures >= MOST_FAILURES) return undefined;
    slot.process ??= this.#start();
    return slot.process;
  }

  state(): WorkerState[] {
    return this.#slots.map(({ process: worker, losses }) => ({
      pid: worker?.lost === undefined ? worker?.pid : undefined,
      losses: losses + (worker?.lost === undefined ? 0 : 1),
      ...(worker?.traffic ?? { sent: 0, received: 0 }),
    }));
  }

  /** There is no worker. Whoever asks next has them started once more. @returns what to tell */
  giveUp(): UserError {
    for (const slot of this.#slots) slot.failures = 0;
    return new UserError({
      what: 'no worker for attention can be kept running',
      expected: `${this.count} processes that keep keys and values`,
      found: `each was lost ${MOST_FAILURES} times before it was of any use; the last: ${this.#slots[0]?.lastLoss}`,
      fix: 'look for what ends them, memory above all; the next request starts them again',
    });
  }

  #notice(slot: Slot, i: number): void {
    const reason = slot.process?.lost;
    if (slot.process === undefined || reason === undefined) return;
    slot.failures = slot.process.isUseful ? 1 : slot.failures + 1;
    slot.losses++;
    slot.lastLoss = reason;
    slot.process = undefined;
    this.#options.onNotice?.(`attention worker ${i} is lost: ${reason}; what it had is computed anew`);
  }

  #start(): WorkerProcess {
    const { threads, timeoutSeconds = TIMEOUT_SECONDS, module } = this.#options;
    try {
      return new WorkerProcess({
        backend: this.#backend,
        threads: threads ?? Math.max(1, Math.floor(availableParallelism() / this.count)),
        timeoutMs: 1000 * timeoutSeconds,
        module: module ?? workerModule(),
      });
    } catch (error) {
      throw new UserError({
        what: 'a worker for attention cannot be started',
        expected: `${this.count} processes that keep keys and values`,
        found: error instanceof Error ? error.message : String(error),
        fix: 'ask for fewer, or raise what the system allows a user in processes, open files and memory (ulimit -a)',
      });
    }
  }

  async #end(): Promise<void> {
    const processes = this.#slots.flatMap(({ process: worker }) => worker ?? []);
    for (const slot of this.#slots) slot.process = undefined;
    await Promise.all(processes.map((worker) => worker.end()));
  }
}

/** From its sources, also where this is part of a bundle. */
const workerModule = (): URL =>
  pathToFileURL(createRequire(import.meta.url).resolve('@arrowsmith/generation/attention-worker'));
