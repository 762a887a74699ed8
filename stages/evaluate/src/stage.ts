/** @file What the stage `evaluate` does: lets each model read the validation split, and takes its measures (measures/). */
import { readFile } from 'node:fs/promises';
import { sha256OfFile } from '@arrowsmith/artifacts';
import { createEncoder, documentBounds, fromTokenizerJson } from '@arrowsmith/bpe';
import { type Parameters, tensorsOf } from '@arrowsmith/model';
import { type Engine, engineNotices, useBackend } from '@arrowsmith/engine';
import { implementStage, type StageContext } from '@arrowsmith/pipeline/stage';
import {
  type ActivationPrecision,
  checkActivations,
  hasIntegers,
  withActivations,
} from '@arrowsmith/quantization/activations';
import { loadModel, readModel, WEIGHTS_FILE } from '@arrowsmith/quantization/model';
import { checkLoss, readTokenTable, splitLoss } from '@arrowsmith/training';
import * as tf from '@tensorflow/tfjs-core';
import declaration, { type EvaluateParameters } from './declaration.ts';
import { engineRequest } from './engine-request.ts';
import { fingerprintText } from './evaluated-text.ts';
import { type CreateMeasure, type Evaluation, type Findings, ofModel, type Subject } from './measure.ts';
import { longContext } from './measures/long-context.ts';
import { lossBreakdown } from './measures/loss-breakdown.ts';
import { namesAndPronouns } from './measures/names-and-pronouns.ts';
import { perplexity } from './measures/perplexity.ts';
import { captioning } from './measures/pictures.ts';
import { samples } from './measures/samples.ts';
import { trainingText } from './measures/training-text.ts';

/** The numbers that matter most first; the summary ends with them. */
const MEASURES: readonly CreateMeasure[] = [
  perplexity,
  lossBreakdown,
  namesAndPronouns,
  samples,
  trainingText,
  captioning,
  longContext,
];

export default implementStage(declaration, async (context) => {
  const { batchSize, activations = 'f32', threads } = context.parameters;
  const engine = context.environment as Engine;
  const onNotice = (notice: string) => context.note(`${context.step}: ${notice}`);
  const about = (port: string) => context.inputs(port)[0]?.metadata;
  engineNotices(engineRequest(context.parameters, about)).forEach(onNotice);
  await useBackend(engine.backend, { threads, expected: engine, onNotice });
  checkActivations(activations, `${context.step}.activations`);
  const evaluation = await openEvaluation(context);
  const { rows, text } = evaluation;
  const measures = MEASURES.flatMap((create) => create(evaluation) ?? []);

  const found: Findings[] = [];
  /** What each model's matrices were multiplied with. */
  const multiplied = new Map<string, ActivationPrecision>();
  for (const input of context.inputs('models')) {
    const file = await input.file(WEIGHTS_FILE);
    const model = await readModel(file);
    const { config, weights, perLayerRows } = model;
    const from = input.metadata['from'];
    const subject: Subject = {
      name: input.step,
      digest: input.digest,
      from: typeof from === 'string' ? from : undefined,
      model,
      tensors: (activations === 'f32' ? undefined : await multipliedBy(activations, file)) ?? tensorsOf(weights),
    };
    multiplied.set(input.step, hasIntegers(subject.tensors) ? activations : 'f32');
    const readers = measures.flatMap((measure) => measure.begin?.(subject) ?? []);
    const bar = context.progress(`${context.step} ${input.step}`, { total: rows.rows, unit: 'rows' });
    const loss = await splitLoss({
      config,
      parameters: subject.tensors,
      rows,
      batchSize,
      perLayerRows,
      onRow: (row) => readers.forEach((read) => read(row)),
      onProgress: (done) => bar.update(done),
      signal: context.signal,
    });
    bar.end();
    checkLoss(loss.nats, `${context.step}, the model of ${input.step}`, Object.entries(weights));
    for (const measure of measures)
      found.push({ metrics: ofModel(subject.name, (await measure.model?.(subject, loss)) ?? {}) });
    tf.dispose(subject.tensors as tf.TensorContainer);
  }
  for (const measure of measures.toReversed()) found.push((await measure.end?.()) ?? {});
  return {
    metadata: {
      // Losses are compared over the same text only, and per token only with the same tokenizer.
      evaluatedText: text.sha256,
      documents: text.documents,
      tokenizer: await sha256OfFile(await context.input('tokenizer').file('tokenizer.json')),
    },
    metrics: Object.assign({}, ...found.map(({ metrics }) => metrics)) as NonNullable<Findings['metrics']>,
    highlights: {
      ...(Object.assign({}, ...found.map(({ highlights }) => highlights)) as Record<string, string>),
      ...(activations === 'f32'
        ? {}
        : { activations: [...multiplied].map(([name, precision]) => `${name} ${precision}`).join(', ') }),
    },
  };
});

/** The model as it is stored, multiplied with activations of a precision; undefined where it has no integers. */
async function multipliedBy(activations: ActivationPrecision, file: string): Promise<Parameters | undefined> {
  const { parameters } = await loadModel(file);
  if (hasIntegers(parameters)) return withActivations(parameters, activations, file);
  tf.dispose(parameters as tf.TensorContainer);
  return undefined;
}

async function openEvaluation(context: StageContext<EvaluateParameters>): Promise<Evaluation> {
  const { file, metadata } = context.input('tokenizer');
  const path = await file('tokenizer.json');
  const tokenizer = fromTokenizerJson(await readFile(path, 'utf8'), path);
  const source = context.input('rows');
  const rows = await readTokenTable(await source.file('validation.arrow'));
  const special = new Set(tokenizer.specialTokens.map(({ id }) => id));
  const textOf = (id: number): Uint8Array => (special.has(id) ? new Uint8Array() : tokenizer.vocabulary[id]!);
  return {
    context,
    rows,
    text: await fingerprintText(rows, textOf, context.signal),
    trainingRows: async () => readTokenTable(await source.file('train.arrow')),
    encoder: createEncoder(tokenizer),
    vocabularySize: tokenizer.vocabulary.length,
    ...documentBounds(tokenizer, metadata)!, // rows begin and end texts by them
    textOf,
    samples: [],
    references: [],
  };
}
