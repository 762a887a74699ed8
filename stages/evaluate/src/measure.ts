/** @file What a measure of `evaluate` is: it looks at each model while that reads the validation split, and at all of them at the end. */
import type { BpeEncoder } from '@arrowsmith/bpe';
import type { SamplingParameters } from '@arrowsmith/generation/samples';
import type { Parameters } from '@arrowsmith/model';
import type { Metric, StageContext } from '@arrowsmith/pipeline/stage';
import type { Model } from '@arrowsmith/quantization/model';
import type { RowLosses, TokenTable } from '@arrowsmith/training';
import type { EvaluateParameters } from './declaration.ts';
import type { EvaluatedText } from './evaluated-text.ts';

/** A model that is measured. */
export interface Subject {
  /** Name of the step that made it. */
  name: string;
  /** Of its manifest, and of that of the model which it was made of, if any. */
  digest: string;
  from: string | undefined;
  model: Model;
  /** The weights on the backend. */
  tensors: Parameters;
}

/** A generated text, and how it was. */
export interface Sample extends SamplingParameters {
  model: string;
  prompt: string;
  /** The prompt and what the model wrote. */
  text: string;
  /** Whether the model ended it. */
  finished: boolean;
}

/** What all measures of one evaluation share. */
export interface Evaluation {
  context: Pick<StageContext<EvaluateParameters>, 'parameters' | 'table' | 'progress' | 'note' | 'signal' | 'step'>;
  /** The validation split. */
  rows: TokenTable;
  text: EvaluatedText;
  /** Reads the training split. */
  trainingRows(): Promise<TokenTable>;
  encoder: BpeEncoder;
  vocabularySize: number;
  /** The token that a text stands behind. */
  beginOfText: number;
  /** The token that ends a text. */
  endOfText: number;
  /** The bytes that a token stands for; none for special tokens. */
  textOf(id: number): Uint8Array;
  /** What the models before wrote (measures/samples.ts). */
  samples: Sample[];
  /** What losses are read against: predictors that are no models here, over the same text (measures/training-text.ts). */
  references: { name: string; bitsPerByte: number }[];
}

export type Metrics = Record<string, Metric>;

/** What a measure has found. */
export interface Findings {
  metrics?: Metrics;
  /** Lines for the summary: label → text. */
  highlights?: Record<string, string>;
}

export interface Measure {
  /** Before a model reads the split. @returns what is told of each row, in order */
  begin?(subject: Subject): (row: RowLosses) => void;
  /** After a model has read the split. @param loss its sum in nats over so many tokens @returns metrics of this model */
  model?(subject: Subject, loss: { nats: number; tokens: number }): Metrics | Promise<Metrics>;
  /** After all models: writes tables. @returns metrics of no single model, and lines */
  end?(): Promise<Findings>;
}

/** @returns undefined where there is nothing to measure in this way */
export type CreateMeasure = (evaluation: Evaluation) => Measure | undefined;

/** Metrics of several models, as they stand beside each other in a run: `<model>.<metric>`. */
export function ofModel(name: string, metrics: Metrics): Metrics {
  return Object.fromEntries(
    Object.entries(metrics).map(([metric, of]) => [`${name}.${metric}`, { ...of, model: name } satisfies Metric]),
  );
}

/** A line about a model for the summary, which names the model where there are several. */
export type ModelLine = [model: Pick<Subject, 'name' | 'model'>, label: string, text: string];

/** Lines about models. What a quantized one is like, the one that it was made of says well enough. */
export function linesOf(lines: readonly ModelLine[]): Record<string, string> {
  const full = lines.filter(([{ model }]) => model.format === 'f32');
  const told = full.length > 0 ? full : lines;
  const isAlone = new Set(told.map(([{ name }]) => name)).size === 1;
  return Object.fromEntries(told.map(([{ name }, label, text]) => [isAlone ? label : `${label} (${name})`, text]));
}
