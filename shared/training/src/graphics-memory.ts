/** @file What a graphics processor's memory holds, as far as anybody can tell beforehand: WebGPU itself says nothing of it. */
import { totalmem } from 'node:os';
import { activeGraphics } from '@arrowsmith/backend';
import { UserError } from '@arrowsmith/errors';

/** Of the graphics processor that the active backend computes on. */
export interface GraphicsMemory {
  name: string;
  /** Whether it is the processor's memory, too, so that tensors are part of what the process takes. */
  isShared: boolean;
  /** Bytes that tensors may have; undefined where only trying tells. */
  most: number | undefined;
  /** Whether so many bytes can be had. */
  has(bytes: number): Promise<boolean>;
}

/**
 * The share of a Mac's memory that macOS lets a program have for graphics. Metal's `recommendedMaxWorkingSetSize`, which WebGPU does not tell, is two thirds
 * of it in older and smaller ones, and more than four fifths in the largest.
 */
const MAC_SHARE = 3 / 4;

/**
 * What is known of the graphics processor's memory; undefined where the active backend has none. A Mac's is the processor's, of which graphics may take a
 * part; a program that stands in for one takes from the processor's as any does; what a graphics card has, trying tells.
 */
export function graphicsMemory(
  graphics = activeGraphics(),
  machine = { platform: process.platform as string, total: totalmem() },
): GraphicsMemory | undefined {
  if (graphics === undefined) return undefined;
  const { name, isSoftware } = graphics.adapter;
  if (machine.platform === 'darwin' || isSoftware) {
    const most = isSoftware ? machine.total : MAC_SHARE * machine.total;
    return { name, isShared: true, most, has: (bytes) => Promise.resolve(bytes <= most) };
  }
  return { name, isShared: false, most: undefined, has: (bytes) => graphics.holds(bytes) };
}

/** A parameter, or whatever is stored of one. */
interface Sized {
  name: string;
  shape: readonly number[];
}

/** Tables that are as long as the vocabulary. */
const TABLE = /embed_tokens|lm_head/;

/** @throws UserError for a parameter that is larger than any buffer of the graphics processor may be: nothing but another model helps */
export function checkParameterSizes(parameters: readonly Sized[], graphics = activeGraphics()): void {
  if (graphics === undefined) return;
  const { largestTensor, adapter } = graphics;
  const bytesOf = ({ shape }: Sized) => shape.reduce((product, length) => product * length, 4);
  const wrong = parameters.find((parameter) => bytesOf(parameter) > largestTensor);
  if (wrong === undefined) return;
  throw new UserError({
    what: `${wrong.name} is too large for the graphics processor ${adapter.name}`,
    expected: `at most ${describeBytes(largestTensor)}, the largest buffer that it has`,
    found: `${describeBytes(bytesOf(wrong))}, of the shape [${wrong.shape.join(', ')}]`,
    fix: `${TABLE.test(wrong.name) ? 'a smaller vocabulary (tokenizer.vocabularySize)' : 'a narrower model'}, or another backend: --backend=native`,
  });
}

export const describeBytes = (bytes: number): string =>
  bytes >= 1e9 ? `${(bytes / 1e9).toFixed(2)} GB` : `${(bytes / 1e6).toFixed(0)} MB`;
