/** @file A process of the attention tier, as the process that started it sees it: orders go out, answers come in, until it is lost. */
import { type ChildProcess, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { KeysLost } from '../engine/sequence-store.ts';
import { FrameReader, FrameWriter } from './frames.ts';
import type { Vectors } from './message-table.ts';
import { type Answer, decodeAnswer, encodeOrder, type Order } from './messages.ts';
import { CONNECTION, type WorkerSettings } from './worker-settings.ts';

/** Starting takes a second or two, and many times that where many processes start at once. */
const START_MS = 60_000;

/** To end by itself. */
const END_MS = 2_000;

/** Of what it wrote to its standard error. */
const TOLD_CHARACTERS = 2_000;

export interface WorkerProcessOptions extends WorkerSettings {
  /** How long an answer may take. */
  timeoutMs: number;
  /** The module that the process runs. */
  module: URL;
}

interface Pending {
  /** Numbers that are asked for. */
  length: number;
  resolve: (attended: Vectors) => void;
  reject: (error: Error) => void;
}

export class WorkerProcess {
  /** Whether tokens were computed with its help. */
  isUseful = false;
  readonly #child: ChildProcess;
  readonly #connection: Socket;
  readonly #writer: FrameWriter;
  readonly #timeoutMs: number;
  /** In the order of their orders, in which a worker answers. */
  readonly #pending = new Map<string, Pending>();
  readonly #ended: Promise<void>;
  #isReady = false;
  #answers = 0;
  #lost: string | undefined;
  #watch: NodeJS.Timeout | undefined;
  #told = '';

  /** @throws Error where the system makes no process */
  constructor({ timeoutMs, module, ...settings }: WorkerProcessOptions) {
    this.#timeoutMs = timeoutMs;
    const loader = module.pathname.endsWith('.ts') ? ['--import', import.meta.resolve('tsx')] : [];
    const child = spawn(process.execPath, [...loader, fileURLToPath(module), JSON.stringify(settings)], {
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    });
    child.on('error', () => undefined); // it is told by what follows
    // Whatever the types say: without file descriptors there is none.
    const connection = (child.stdio as typeof child.stdio | undefined)?.[CONNECTION];
    if (!(connection instanceof Socket)) throw new Error('there is no connection to be had');
    this.#child = child;
    this.#connection = connection;
    this.#writer = new FrameWriter(this.#connection);
    this.#ended = new Promise((resolve) => {
      child.once('error', (error) => {
        this.lose(`it could not be started: ${error.message}`);
        if (child.pid === undefined) resolve();
      });
      child.once('close', (code, signal) => {
        this.lose(signal === null ? `it ended with code ${code}` : `it was ended by ${signal}`);
        resolve();
      });
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#told = (this.#told + text).slice(-TOLD_CHARACTERS);
    });
    const reader = new FrameReader((message) => this.#hear(decodeAnswer(message)));
    this.#connection.on('data', (piece) => this.#orLose(() => reader.push(piece)));
    // Commonly the process has ended, and how it did is told in a moment.
    this.#connection.on('error', () => undefined);
    this.#connection.on('close', () => this.#watchFor(END_MS, 'its connection was closed'));
    // Nobody waits for it now, so that it keeps no process alive that has nothing else to do.
    child.unref();
    (child.stderr as Socket | null)?.unref();
    this.#connection.unref();
    this.#watchFor(START_MS);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Whether it has started. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Why it is of no use any more, and nothing that it had can be had again. */
  get lost(): string | undefined {
    return this.#lost;
  }

  /** Bytes to it, and from it. */
  get traffic(): { sent: number; received: number } {
    return { sent: this.#connection.bytesWritten, received: this.#connection.bytesRead };
  }

  /** Gives an order that has no answer. One that is lost gets none. */
  order(order: Exclude<Order, { kind: 'attend' }>): void {
    this.#send(order);
  }

  /**
   * Keeps keys and values, and attends.
   *
   * @throws KeysLost where the process is lost before it has answered, and Error where it cannot
   */
  attend(order: Extract<Order, { kind: 'attend' }>): Promise<Vectors> {
    return new Promise((resolve, reject) => {
      if (this.#lost !== undefined) {
        reject(this.#keysLost());
        return;
      }
      const isFirst = this.#pending.size === 0;
      this.#pending.set(keyOf(order), { length: order.queries.values.length, resolve, reject });
      this.#send(order);
      if (isFirst && this.#isReady) this.#watchFor(this.#timeoutMs);
      this.#watch?.ref();
      this.#connection.ref();
    });
  }

  /** Ends the process, and whatever waits for it. */
  lose(reason: string): void {
    if (this.#lost !== undefined) return;
    this.#lost = this.#told.trim() === '' ? reason : `${reason}; it said: ${this.#told.trim()}`;
    clearTimeout(this.#watch);
    this.#child.kill('SIGKILL');
    this.#connection.destroy();
    const waiting = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of waiting) reject(this.#keysLost());
  }

  /** Lets the process end, by force where it does not. */
  async end(): Promise<void> {
    this.#connection.end();
    const force = setTimeout(() => this.lose('it did not end'), END_MS);
    await this.#ended;
    clearTimeout(force);
  }

  #send(order: Order): void {
    if (this.#lost === undefined) this.#writer.write(encodeOrder(order));
  }

  #hear(answer: Answer): void {
    if (answer.kind === 'ready') {
      this.#isReady = true;
    } else {
      const key = keyOf(answer);
      const pending = this.#pending.get(key);
      if (pending === undefined) throw new Error(`it answers what it was not asked, ${key}`);
      if (answer.kind === 'attended' && answer.attended.values.length !== pending.length)
        throw new Error(`it answers ${answer.attended.values.length} numbers in place of ${pending.length}`);
      this.#pending.delete(key);
      this.#answers++;
      if (answer.kind === 'attended') pending.resolve(answer.attended);
      else pending.reject(new Error(`a worker of the attention tier failed: ${answer.message}`));
    }
    clearTimeout(this.#watch);
    if (this.#pending.size === 0) this.#connection.unref();
    else this.#watchFor(this.#timeoutMs);
  }

  #orLose(hear: () => void): void {
    try {
      hear();
    } catch (error) {
      this.lose(error instanceof Error ? error.message : String(error));
    }
  }

  /** The process is lost if it says nothing for so long. */
  #watchFor(milliseconds: number, reason = `it said nothing for ${milliseconds / 1000} s`): void {
    clearTimeout(this.#watch);
    if (this.#lost !== undefined) return;
    this.#watch = setTimeout(() => {
      // What it said while this process was busy is heard first.
      const answers = this.#answers;
      const wasReady = this.#isReady;
      setImmediate(() => {
        if (answers !== this.#answers || wasReady !== this.#isReady) return;
        this.lose(reason);
      });
    }, milliseconds);
    if (this.#pending.size === 0) this.#watch.unref();
  }

  #keysLost(): KeysLost {
    return new KeysLost(`a worker of the attention tier is lost: ${this.#lost}`);
  }
}

const keyOf = ({ pool, pass, layer }: { pool: number; pass: number; layer: number }): string =>
  `memory ${pool}, pass ${pass}, layer ${layer}`;
