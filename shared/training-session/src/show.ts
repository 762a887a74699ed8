/** @file What a person sees of a model while it learns: the curve of its loss, and what it writes by now. */
import { readFile } from 'node:fs/promises';
import { createEncoder, documentBounds, fromTokenizerJson } from '@arrowsmith/bpe';
import { generate } from '@arrowsmith/generation/samples';
import type { DecoderConfig, Parameters } from '@arrowsmith/model';
import { wrapText } from '@arrowsmith/errors';
import { linePlot } from '@arrowsmith/pipeline/terminal';
import type { LogRow } from '@arrowsmith/training';

/** Lines of the curve. */
const PLOT_HEIGHT = 5;
const PLOT_WIDTH = 72;
/** Where there is no terminal. */
const COLUMNS = 100;

interface Terminal {
  columns: number;
  unicode: boolean;
}

/** The loss so far as a curve; nothing without a terminal. */
export function lossCurve(log: readonly LogRow[], terminal: Terminal | undefined): string[] {
  if (terminal === undefined) return [];
  const width = Math.min(PLOT_WIDTH, terminal.columns - 3);
  const losses = log.map(({ trainLoss }) => trainLoss);
  return linePlot(losses, { width, height: PLOT_HEIGHT, unicode: terminal.unicode }).map((line) => `  ${line}`);
}

interface SampleOptions {
  config: DecoderConfig;
  /** tokenizer.json of the rows that the model learns from. */
  tokenizer: string;
  /** Of the tokenizer's artifact: which tokens documents begin and end with. */
  metadata: Readonly<Record<string, unknown>>;
  /** Length of a sample. */
  tokens: number;
  columns?: number | undefined;
  signal: AbortSignal;
}

/** Begins documents with a model as it is now. @returns a function that gives the lines of one, indented */
export async function sampler({
  config,
  tokenizer: path,
  metadata,
  tokens,
  columns = COLUMNS,
  signal,
}: SampleOptions): Promise<(parameters: Parameters) => Promise<string[]>> {
  const tokenizer = fromTokenizerJson(await readFile(path, 'utf8'), path);
  const encoder = createEncoder(tokenizer);
  const { beginOfText, endOfText } = documentBounds(tokenizer, metadata)!; // chunk requires them
  const sampling = { temperature: 0.8, topK: 0, topP: 0.9, maximumTokens: tokens, seed: 1 };
  return async (parameters) => {
    const ids = await generate({ config, parameters, prompt: [beginOfText], sampling, stopToken: endOfText, signal });
    const text = encoder
      .decode(ids)
      .trim()
      .replaceAll(/\n{2,}/g, '\n');
    const open = ids.length < tokens ? '' : ' …';
    return wrapText(`${text}${open}`, Math.min(COLUMNS, columns) - 6).map((line) => `    ${line}`);
  };
}
