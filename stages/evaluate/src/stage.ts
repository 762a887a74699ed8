/** @file What the stage `evaluate` does: lets each model read the validation split, and takes its measures (measures/). */
import { readFile } from 'node:fs/promises';
import { sha256OfFile } from '@arrowsmith/artifacts';
import { createEncoder, fromTokenizerJson } from '@arrowsmith/bpe';
import { tensorsOf } from '@arrowsmith/model';
import { type Engine, engineNotices, useBackend } from '@arrowsmith/engine';
import { implementStage, type StageContext } from '@arrowsmith/pipeline/stage';
import { readModel, WEIGHTS_FILE } from '@arrowsmith/quantization/model';
import { readTokenTable, splitLoss } from '@arrowsmith/training';
import declaration, { type EvaluateParameters } from './declaration.ts';
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
  const { batchSize, backend, threads } = context.parameters;
  const { backend: computes } = context.environment as unknown as Engine;
  const onNotice = (notice: string) => context.note(`${context.step}: ${notice}`);
  engineNotices({ backend }).forEach(onNotice);
  await useBackend(computes, { threads, onNotice });
  const evaluation = await openEvaluation(context);
  const { rows, text } = evaluation;
  const measures = MEASURES.flatMap((create) => create(evaluation) ?? []);

  const found: Findings[] = [];
  for (const input of context.inputs('models')) {
    const model = await readModel(await input.file(WEIGHTS_FILE));
    const { config, weights, perLayerRows } = model;
    const from = input.metadata['from'];
    const subject: Subject = {
      name: input.step,
      digest: input.digest,
      from: typeof from === 'string' ? from : undefined,
      model,
      tensors: tensorsOf(weights),
    };
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
    for (const measure of measures)
      found.push({ metrics: ofModel(subject.name, (await measure.model?.(subject, loss)) ?? {}) });
    for (const tensor of Object.values(subject.tensors)) tensor.dispose();
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
    highlights: Object.assign({}, ...found.map(({ highlights }) => highlights)) as Record<string, string>,
  };
});

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
    endOfText: tokenizer.specialTokens.find(({ content }) => content === metadata['endOfText'])!.id, // rows end texts by it
    textOf,
    samples: [],
  };
}
