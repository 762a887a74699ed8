/** @file What the stage `evaluate` does: losses over the whole validation split and samples, of the full and of the quantized model. */
import { readFile } from 'node:fs/promises';
import {
  booleans,
  captionsTable,
  documentLossesTable,
  longContextTable,
  metricsTable,
  nestedModelsTable,
  numbers,
  pictureMetricsTable,
  positionLossesTable,
  samplesTable,
  sha256OfFile,
  strings,
} from '@arrowsmith/artifacts';
import { createEncoder, fromTokenizerJson } from '@arrowsmith/bpe';
import { describeCuts, generate, type SamplingParameters, seenPrompt } from '@arrowsmith/generation';
import { tensorsOf } from '@arrowsmith/model';
import { type Engine, engineNotices, useBackend } from '@arrowsmith/engine';
import { implementStage, type MetricMeaning } from '@arrowsmith/pipeline/stage';
import { readQuantizedModel, readTrainedModel } from '@arrowsmith/quantization/read-model';
import { readTokenTable, splitLoss } from '@arrowsmith/training';
import declaration from './declaration.ts';
import { fingerprintText } from './evaluated-text.ts';
import { createLossBreakdown, documentColumns, type LossBreakdown, positionColumns } from './loss-breakdown.ts';
import {
  describeLongContext,
  evaluateLongContext,
  longContextColumns,
  type LongContextResult,
} from './long-context.ts';
import { copyHighlights, copyMetrics } from './measures/copying.ts';
import { endingMetrics } from './measures/endings.ts';
import { nameHighlights, nameLossCounter, nameMetrics, type NameLosses } from './measures/names-and-pronouns.ts';
import { repeatedNgrams, repetitionMetrics } from './measures/repetition.ts';
import { measureTrainingText } from './measures/training-text.ts';
import { describeNested, evaluateNested, nestedColumns, nestedModels, type NestedResult } from './nested.ts';
import {
  type Caption,
  captionColumns,
  evaluatePictures,
  pictureHighlights,
  pictureMetricColumns,
  type PictureMetrics,
  pictureScores,
} from './pictures.ts';

interface Metrics {
  model: string;
  tokens: number;
  bytes: number;
  loss: number;
  perplexity: number;
  bitsPerByte: number;
  weightBytes: number;
}

interface Sample extends SamplingParameters {
  model: string;
  prompt: string;
  text: string;
  finished: boolean;
}

export default implementStage(declaration, async (context) => {
  const { batchSize, prompts, sampling, nestedModels: asked, longContext, backend, threads } = context.parameters;
  const engine = context.environment as Engine;
  const onNotice = (notice: string) => context.note(`evaluate: ${notice}`);
  engineNotices({ backend }).forEach(onNotice);
  await useBackend(engine.backend, { threads, onNotice });
  const tokenizerPath = await context.input('tokenizer', 'tokenizer.json');
  const tokenizer = fromTokenizerJson(await readFile(tokenizerPath, 'utf8'), tokenizerPath);
  const encoder = createEncoder(tokenizer);
  const end = context.inputMetadata('tokenizer')['endOfText'];
  const endOfText = tokenizer.specialTokens.find(({ content }) => content === end)!.id; // chunk requires it
  const rows = await readTokenTable(await context.input('chunk', 'validation.arrow'));
  const special = new Set(tokenizer.specialTokens.map(({ id }) => id));
  const textOf = (id: number): Uint8Array => (special.has(id) ? new Uint8Array() : tokenizer.vocabulary[id]!);
  const evaluated = await fingerprintText(rows, textOf, context.signal);
  const byteLengths = Int32Array.from(tokenizer.vocabulary, (_, id) => textOf(id).length);
  const { bytesBefore, bytesAfter } = context.inputMetadata('quantize') as { bytesBefore: number; bytesAfter: number };
  const models = [
    { ...(await readTrainedModel(await context.input('train', 'weights.arrow'))), bytes: bytesBefore },
    { ...(await readQuantizedModel(await context.input('quantize', 'weights.arrow'))), bytes: bytesAfter },
  ];

  const metrics: Metrics[] = [];
  const breakdowns: [string, LossBreakdown][] = [];
  const samples: Sample[] = [];
  const cuts = new Map<number, { tokens: number; seen: number }>();
  const pictures: PictureMetrics[] = [];
  const captions: Caption[] = [];
  const names: NameLosses[] = [];
  for (const model of models) {
    const { name, config, weights, perLayerRows, bytes: weightBytes } = model;
    const parameters = tensorsOf(weights);
    const bar = context.progress(`evaluate ${name}`, { total: rows.rows, unit: 'rows' });
    const onProgress = (done: number) => bar.update(done);
    const { contextLength } = config;
    const breakdown = createLossBreakdown({
      documents: evaluated.documents,
      contextLength: rows.contextLength,
      byteLengths,
    });
    breakdowns.push([name, breakdown]);
    const nameLosses = nameLossCounter(textOf);
    const { nats, tokens } = await splitLoss({
      config,
      parameters,
      rows,
      batchSize,
      perLayerRows,
      onRow(row) {
        breakdown.add(row);
        nameLosses.add(row);
      },
      onProgress,
      signal: context.signal,
    });
    bar.end();
    names.push(nameLosses.result());
    metrics.push({
      model: name,
      tokens,
      bytes: rows.bytes,
      loss: nats / tokens,
      perplexity: Math.exp(nats / tokens),
      bitsPerByte: nats / Math.LN2 / rows.bytes,
      weightBytes,
    });
    if (rows.vision !== null) {
      const seen = await evaluatePictures({
        model,
        parameters,
        rows,
        batchSize,
        count: context.parameters.captions,
        endOfText,
        textOf: (ids) => encoder.decode(ids),
        signal: context.signal,
      });
      pictures.push(...seen.metrics);
      captions.push(...seen.captions);
    }
    for (const [number, prompt] of prompts.entries()) {
      for (const how of sampling) {
        const encoded = encoder.encode(prompt);
        const { ids, cut } = seenPrompt([...encoded], { endOfText, contextLength, maximumTokens: how.maximumTokens });
        const seenBefore = cuts.get(number + 1)?.seen ?? Infinity;
        if (cut > 0) cuts.set(number + 1, { tokens: encoded.length, seen: Math.min(seenBefore, ids.length) });
        const signal = context.signal;
        const continuation = await generate({
          config,
          parameters,
          prompt: ids,
          sampling: how,
          stopToken: endOfText,
          perLayerRows,
          signal,
        });
        const room = Math.min(how.maximumTokens, contextLength - ids.length + 1); // the last one is not read again
        const text = prompt + encoder.decode(continuation);
        samples.push({ ...how, model: name, prompt, text, finished: continuation.length < room });
      }
    }
    for (const tensor of Object.values(parameters)) tensor.dispose();
  }

  const cut = cuts.size > 0 ? describeCuts(cuts, models[0]!.config.contextLength) : undefined;
  if (cut !== undefined) onNotice(cut);

  const numeric = (column: keyof Metrics) => numbers(Float64Array.from(metrics, (row) => row[column] as number));
  await context.table('metrics.arrow', metricsTable, { contextLength: String(rows.contextLength) }, [
    {
      model: strings(metrics.map(({ model }) => model)),
      tokens: numeric('tokens'),
      bytes: numeric('bytes'),
      loss: numeric('loss'),
      perplexity: numeric('perplexity'),
      bitsPerByte: numeric('bitsPerByte'),
      weightBytes: numeric('weightBytes'),
    },
  ]);
  const breakdownOf = (columns: (name: string, breakdown: LossBreakdown) => ReturnType<typeof documentColumns>) =>
    breakdowns.map(([name, breakdown]) => columns(name, breakdown));
  await context.table(
    'documents.arrow',
    documentLossesTable,
    {},
    breakdownOf((name, { documents }) => documentColumns(name, documents)),
  );
  await context.table(
    'positions.arrow',
    positionLossesTable,
    {},
    breakdownOf((name, { positions }) => positionColumns(name, positions)),
  );
  await context.table('samples.arrow', samplesTable, {}, [
    {
      model: strings(samples.map(({ model }) => model)),
      method: strings(samples.map(methodOf)),
      temperature: numbers(Float64Array.from(samples, ({ temperature }) => temperature)),
      topK: numbers(Int32Array.from(samples, ({ topK }) => topK)),
      topP: numbers(Float64Array.from(samples, ({ topP }) => topP)),
      seed: numbers(Int32Array.from(samples, ({ seed }) => seed)),
      prompt: strings(samples.map(({ prompt }) => prompt)),
      text: strings(samples.map(({ text }) => text)),
      finished: booleans(samples.map(({ finished }) => finished)),
    },
  ]);

  const texts = samples.filter(({ model }) => model === models[0]!.name);
  const train = await readTokenTable(await context.input('chunk', 'train.arrow'));
  const reading = context.progress('evaluate against the training text', { total: train.tokens, unit: 'tokens' });
  const against = await measureTrainingText({
    train,
    validation: rows,
    samples: texts.map(({ text }) => text),
    endOfText,
    vocabularySize: tokenizer.vocabulary.length,
    textOf,
    signal: context.signal,
    onProgress: (tokens) => reading.update(tokens),
  });
  reading.end();

  const [trained] = models;
  let nested: NestedResult[] = [];
  if (trained!.config.matformer.granularities > 1) {
    const chosen = nestedModels(trained!.config, asked);
    const bar = context.progress('evaluate nested models', { total: chosen.length, unit: 'models' });
    const onModel = (done: number) => bar.update(done);
    nested = await evaluateNested(trained!, chosen, rows, { batchSize, signal: context.signal, onModel });
    bar.end();
    await context.table('nested.arrow', nestedModelsTable, {}, [nestedColumns(nested)]);
  }

  let long: LongContextResult[] = [];
  if (longContext !== undefined) {
    const bar = context.progress('evaluate long contexts', { total: longContext.methods.length, unit: 'methods' });
    const onMethod = (done: number) => bar.update(done);
    long = await evaluateLongContext(trained!, longContext, rows, { signal: context.signal, onMethod });
    bar.end();
    await context.table('long-context.arrow', longContextTable, {}, [longContextColumns(long)]);
  }

  if (rows.vision !== null) {
    await context.table('picture-metrics.arrow', pictureMetricsTable, {}, [pictureMetricColumns(pictures)]);
    await context.table('captions.arrow', captionsTable, {}, [captionColumns(captions)]);
  }
  const [full, quantized] = metrics as [Metrics, Metrics];
  return {
    metadata: {
      // Losses are compared over the same text only, and per token only with the same tokenizer.
      evaluatedText: evaluated.sha256,
      documents: evaluated.documents,
      tokenizer: await sha256OfFile(tokenizerPath),
    },
    metrics: {
      loss: { value: full.loss, unit: 'nats per token', ...ofTokens(full) },
      perplexity: { value: full.perplexity, ...ofTokens(full) },
      bitsPerByte: { value: full.bitsPerByte, ...ofBytes(full) },
      quantizedPerplexity: { value: quantized.perplexity, ...ofTokens(quantized) },
      quantizedBitsPerByte: { value: quantized.bitsPerByte, ...ofBytes(quantized) },
      fiveGramBitsPerByte: { value: against.reference.bitsPerByte, unit: 'bits per byte' },
      ...nameMetrics(names[0]!),
      ...endingMetrics(texts),
      ...repetitionMetrics(texts.map(({ text }) => text)),
      ...copyMetrics(against.copies),
      ...pictureScores(pictures.filter(({ model }) => model === full.model)),
    },
    highlights: {
      perplexity: `${full.perplexity.toFixed(3)} full, ${quantized.perplexity.toFixed(3)} ${quantized.model}`,
      'bits per byte': `${full.bitsPerByte.toFixed(4)} full, ${quantized.bitsPerByte.toFixed(4)} ${quantized.model}, over ${full.tokens.toLocaleString('en-US')} tokens; a 5-gram model${ofTokensRead(against.reference)} reaches ${against.reference.bitsPerByte.toFixed(4)}`,
      ...nameHighlights(names[0]!),
      ...copyHighlights(against.copies, searchedPart(against.searched)),
      ...sampleHighlights(texts),
      ...pictureHighlights(pictures.filter(({ model }) => model === full.model)),
      ...(long.length > 0 ? { [`context × ${long[0]!.factor}`]: describeLongContext(long) } : {}),
      ...(nested.length > 0 ? { 'models within': describeNested(nested) } : {}),
      ...(cut === undefined ? {} : { prompts: cut }),
      ...Object.fromEntries(
        shownSamples(samples).map((sample) => [`sample (${sample.model}, ${methodOf(sample)})`, sample.text]),
      ),
    },
  };
});

/** Which part of the training text was searched, where it was not all of it. */
function searchedPart({ bytes, isWhole }: { bytes: number; isWhole: boolean }): string {
  return isWhole ? '' : `; of the first ${(bytes / 1e6).toFixed(0)} MB`;
}

/** Of how much text the reference is, where it was not all. */
function ofTokensRead({ tokens, isWhole }: { tokens: number; isWhole: boolean }): string {
  return isWhole ? '' : ` of the first ${(tokens / 1e6).toFixed(1)} M tokens`;
}

/** How many samples end by themselves, and how much they repeat themselves. */
function sampleHighlights(samples: readonly Sample[]): Record<string, string> {
  if (samples.length === 0) return {};
  const ended = samples.filter(({ finished }) => finished).length;
  const repeated = repeatedNgrams(
    samples.map(({ text }) => text),
    4,
  );
  const repetition = repeated === null ? '' : `; ${(100 * repeated).toFixed(1)} % of their 4-grams are repeated`;
  return { samples: `${ended} of ${samples.length} end by themselves${repetition}` };
}

/** What a function of the loss per token is. */
const ofTokens = ({ model }: Metrics): MetricMeaning => ({
  better: 'lower',
  perToken: true,
  loss: { model, measure: 'nats per token' },
});

const ofBytes = ({ model }: Metrics): MetricMeaning => ({
  unit: 'bits per byte',
  better: 'lower',
  loss: { model, measure: 'bits per byte' },
});

/** The filter that a sample went through, in the field's terms. */
function methodOf({ temperature, topK, topP }: SamplingParameters): string {
  if (temperature === 0) return 'greedy';
  if (topK > 0) return 'top-k';
  return topP < 1 ? 'top-p' : 'temperature';
}

/** Two samples for the summary: the last way of sampling, from each model's first prompt. None where none was asked for. */
function shownSamples(samples: readonly Sample[]): Sample[] {
  const first = samples[0];
  if (first === undefined) return [];
  const ofFull = samples.filter(({ model, prompt }) => model === first.model && prompt === first.prompt);
  const ofQuantized = samples.filter(({ model, prompt }) => model !== first.model && prompt === first.prompt);
  return [ofFull.at(-1)!, ofQuantized.at(-1)!];
}
