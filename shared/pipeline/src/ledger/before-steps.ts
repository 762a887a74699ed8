/**
 * @file Runs of before steps had names of their own. Each stage was there once and called by its name; what an artifact was, only its stage's name
 * said; and of two models, what was measured of the quantized one was called so. This is the one place that knows of it.
 */
import type { MetricMeaning } from '../metric.ts';
import type { ArtifactKind } from '../ports.ts';
import { byName, type Run, type StepRun } from './run.ts';

/** What stages of that time made; one that somebody had added made what nobody could read by its kind. */
const MADE: Readonly<Record<string, readonly ArtifactKind[]>> = {
  download: ['corpus'],
  tokenizer: ['tokenizer'],
  chunk: ['rows'],
  train: ['model'],
  quantize: ['model'],
  extract: ['model'],
  evaluate: ['measurements'],
};

/** The stages that made what was then called a model's format. */
const MODELS: Readonly<Record<string, string>> = { float32: 'train', int8: 'quantize' };

/** What was measured of the text, not of a model. */
const OF_TEXT: ReadonlySet<string> = new Set(['fiveGramBitsPerByte', 'heldOutSeen8grams']);

const HEADLINES: ReadonlySet<string> = new Set(['train.bitsPerByte', 'train.perplexity']);

/** A step as it is told now. */
export function asStep(known: Omit<StepRun, 'stage' | 'makes'>): StepRun {
  const { step, metrics, meanings } = known;
  const made = { ...known, stage: step, makes: Object.hasOwn(MADE, step) ? MADE[step]! : [] };
  if (!made.makes.includes('measurements')) return made;
  return {
    ...made,
    metrics: byName(Object.entries(metrics).map(([name, value]) => [metricName(name), value])),
    ...(meanings && {
      meanings: byName(Object.entries(meanings).map(([name, meaning]) => [metricName(name), asTold(name, meaning)])),
    }),
  };
}

/** `quantizedPerplexity` was that of the quantized model, `perplexity` that of the trained one. */
function metricName(name: string): string {
  if (OF_TEXT.has(name)) return name;
  const quantized = /^quantized([A-Z])(.*)$/.exec(name);
  return quantized === null ? `train.${name}` : `quantize.${quantized[1]!.toLowerCase()}${quantized[2]}`;
}

function asTold(name: string, { loss, ...meaning }: MetricMeaning): MetricMeaning {
  const told = metricName(name);
  return {
    ...meaning,
    ...(told === name ? {} : { model: told.split('.')[0]! }),
    ...(HEADLINES.has(told) ? { headline: true as const } : {}),
    ...(loss && { loss: { ...loss, model: MODELS[loss.model] ?? loss.model } }),
  };
}

/** What a table of a run calls a model: the step that made it; in tables of that time, its format. */
export const modelOf = ({ steps }: Pick<Run, 'steps'>, name: string): string =>
  Object.hasOwn(steps, name) || !Object.hasOwn(MODELS, name) ? name : MODELS[name]!;
