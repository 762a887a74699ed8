/** @file The same training step in PyTorch, of the Python that the environment variable PYTHON names. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { DecoderConfig } from '@arrowsmith/model';
import type { BenchModel } from './models.ts';
import type { SeriesLength } from './train-session.ts';

const run = promisify(execFile);

export type Precision = 'f32' | 'bf16';

/** What one way to run PyTorch took, or why it did not run. */
export type TorchSeries =
  | { name: string; stepSeconds: number[]; /** Largest resident memory of its process, in bytes. */ maxRss: number }
  | { name: string; unavailable: string };

/** A compiler that hangs, or takes longer than the rest of the benchmark, is as good as none. */
const COMPILED_TIME_LIMIT = 120_000;
const TIME_LIMIT = 600_000;

/** The Python to use. */
export const python = (): string => process.env['PYTHON'] || 'python3';

/** Whether the Python has PyTorch. */
export async function hasTorch(): Promise<boolean> {
  return run(python(), ['-c', 'import torch']).then(
    () => true,
    () => false,
  );
}

/** Times the training step as PyTorch runs it eagerly, and as torch.compile makes it, each in a process of its own. */
export async function torchSeries(
  { config, batchSize }: BenchModel,
  { precision, threads, ...length }: { precision: Precision; threads: number } & SeriesLength,
): Promise<TorchSeries[]> {
  const script = fileURLToPath(new URL('train-step-torch.py', import.meta.url));
  const series: TorchSeries[] = [];
  for (const compile of [false, true]) {
    const name = `torch ${compile ? 'compiled' : 'eager'}`;
    const timeout = compile ? COMPILED_TIME_LIMIT : TIME_LIMIT;
    const options = { ...sizesOf(config), batchSize, precision, threads, compile, ...length };
    try {
      const { stdout } = await run(python(), [script, JSON.stringify(options)], { timeout });
      const { version, ...measured } = JSON.parse(stdout.trim().split('\n').at(-1)!) as {
        version: string;
        stepSeconds: number[];
        maxRss: number;
      };
      series.push({ name: `torch ${version} ${compile ? 'compiled' : 'eager'}`, ...measured });
    } catch (error) {
      const { killed, stderr, message } = error as Error & { killed?: boolean; stderr?: string };
      const lastLine = (stderr?.trim() || message).split('\n').at(-1)!.slice(0, 120);
      series.push({ name, unavailable: killed === true ? `stopped after ${timeout / 1000} s` : lastLine });
    }
  }
  return series;
}

/** What the script needs to know of a model whose layers are alike: grouped-query attention with rotary positions, SwiGLU, tied embeddings. */
function sizesOf({ layers, hiddenSize, vocabularySize, contextLength }: DecoderConfig): Record<string, number> {
  const { attention, ffn } = layers[0]!;
  const { heads, kvHeads, headDim, rope } = attention;
  const { intermediateSize } = ffn;
  const sizes = { hiddenSize, layers: layers.length, vocabularySize, contextLength };
  return { ...sizes, heads, kvHeads, headDim, intermediateSize, ropeTheta: rope!.theta };
}
