/** @file The same training step in PyTorch, of the Python that the environment variable PYTHON names. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { UserError } from '@arrowsmith/errors';
import type { DecoderConfig } from '@arrowsmith/model';
import { $ } from 'zx';
import type { BenchModel } from './models.ts';
import type { SeriesLength } from './train-session.ts';

export type Precision = 'f32' | 'bf16';

/** A compiler that hangs, or takes longer than the rest of the benchmark, is as good as none. */
const COMPILED_TIME_LIMIT = 120_000;
const TIME_LIMIT = 600_000;

/** The Python to use. */
export const python = (): string => process.env['PYTHON'] || 'python3';

/**
 * The environment in which PyTorch is at its best: glibc's malloc, left to itself, gives the memory of each large tensor back to the system and
 * takes fresh pages for the next. Of what the user has set, nothing is changed, so that another allocator can be tried by LD_PRELOAD.
 */
export const torchEnvironment = (): NodeJS.ProcessEnv => ({
  MALLOC_MMAP_THRESHOLD_: String(2 ** 32),
  MALLOC_TRIM_THRESHOLD_: String(2 ** 32),
  ...process.env,
});

/** Whether the Python has PyTorch. */
export async function hasTorch(): Promise<boolean> {
  return (await $({ quiet: true, nothrow: true })`${python()} -c ${'import torch'}`).exitCode === 0;
}

/** What PyTorch calls the graphics processor that it reaches: NVIDIA's, or Apple's; undefined without one, or without PyTorch. */
export async function torchGraphics(): Promise<TorchGraphics | undefined> {
  const code =
    'import torch; print("cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "")';
  const { stdout } = await $({ quiet: true, nothrow: true })`${python()} -c ${code}`;
  return (['cuda', 'mps'] as const).find((name) => stdout.trim() === name);
}

export type TorchGraphics = 'cuda' | 'mps';

/** PyTorch does not run the step, or no longer. */
export class TorchFailure extends UserError {
  readonly reason: string;

  constructor(reason: string) {
    super({ what: 'PyTorch did not run the training step', found: reason, fix: '--peer=none measures without it' });
    this.reason = reason;
  }
}

/** PyTorch in a process of its own, which has warmed up and waits. */
export class TorchSession {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  #errors = '';
  #name = '';

  private constructor(options: Record<string, unknown>) {
    const script = fileURLToPath(new URL('train-step-torch.py', import.meta.url));
    this.#child = spawn(python(), [script, JSON.stringify(options)], { env: torchEnvironment() });
    this.#child.on('error', () => {}); // its output ends, too
    this.#child.stdin.on('error', () => {});
    this.#child.stderr
      .setEncoding('utf8')
      .on('data', (text: string) => (this.#errors = (this.#errors + text).slice(-4096)));
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /**
   * Starts it: as PyTorch runs the step eagerly or, with `compile`, as torch.compile makes it.
   *
   * @throws TorchFailure where it does not run
   */
  static async start(
    { config, batchSize }: BenchModel,
    {
      compile,
      ...settings
    }: { precision: Precision; threads: number; compile: boolean; device?: 'cpu' | TorchGraphics },
  ): Promise<TorchSession> {
    const session = new TorchSession({ ...sizesOf(config), batchSize, compile, ...settings });
    const { version } = await session.#answer<{ version: string }>(compile ? COMPILED_TIME_LIMIT : TIME_LIMIT);
    session.#name = `torch ${version} ${compile ? 'compiled' : 'eager'}`;
    return session;
  }

  get name(): string {
    return this.#name;
  }

  /** Runs steps and returns how long each took, in seconds. @throws TorchFailure */
  async series(length: SeriesLength): Promise<number[]> {
    this.#child.stdin.write(`${JSON.stringify(length)}\n`);
    return this.#answer<number[]>(TIME_LIMIT);
  }

  /** Multiplies [m, k] by [n, k]ᵀ in its precision so many times. @returns the seconds of each @throws TorchFailure */
  async products({ m, n, k }: { m: number; n: number; k: number }, turns: number): Promise<number[]> {
    this.#child.stdin.write(`${JSON.stringify({ gemm: [m, n, k], turns })}\n`);
    return this.#answer<number[]>(TIME_LIMIT);
  }

  /** Ends the process. @returns its largest resident memory, in bytes @throws TorchFailure */
  async close(): Promise<number> {
    this.#child.stdin.end();
    return (await this.#answer<{ maxRss: number }>(TIME_LIMIT)).maxRss;
  }

  /** Ends the process now, unless it has ended. */
  stop(): void {
    this.#child.kill('SIGKILL');
  }

  /** The next line of JSON; what libraries print besides is none of ours. */
  async #answer<Answer>(timeLimit: number): Promise<Answer> {
    const timer = globalThis.setTimeout(() => this.stop(), timeLimit);
    try {
      for (;;) {
        const { done, value } = await this.#lines.next();
        if (done) break;
        if (/^[[{]/.test(value)) return JSON.parse(value) as Answer;
      }
    } finally {
      clearTimeout(timer);
    }
    await setTimeout(100); // for what it says of its end, which may come after that
    const lastLine = this.#errors.trim().split('\n').at(-1)!.slice(0, 120);
    throw new TorchFailure(this.#child.killed ? `stopped after ${timeLimit / 1000} s` : lastLine || 'it ended');
  }
}

/** What the script needs to know of a model whose layers are alike: grouped-query attention with rotary positions, SwiGLU, tied embeddings. */
function sizesOf({ layers, hiddenSize, vocabularySize, contextLength }: DecoderConfig): Record<string, number> {
  const { attention, ffn } = layers[0]!;
  const { heads, kvHeads, headDim, rope } = attention;
  const { intermediateSize } = ffn;
  const sizes = { hiddenSize, layers: layers.length, vocabularySize, contextLength };
  return { ...sizes, heads, kvHeads, headDim, intermediateSize, ropeTheta: rope!.theta };
}
