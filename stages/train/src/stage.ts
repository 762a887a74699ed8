/** @file What the stage `train` does: trains a decoder on rows of token ids and writes its weights and log. */
import {
  expertLoadTable,
  numbers,
  optionalNumbers,
  trainingLogTable,
  trainingSpeedTable,
  weightBatches,
  weightsTable,
} from '@arrowsmith/artifacts';
import {
  countActiveParameters,
  countEffectiveParameters,
  kvCacheBytesPerToken,
  countParameters,
  type DecoderConfig,
} from '@arrowsmith/model';
import { describeEngine, type Engine, engineNotices, useBackend } from '@arrowsmith/engine';
import { whyNotGguf } from '@arrowsmith/formats/gguf-limits';
import { implementStage, type Metric } from '@arrowsmith/pipeline/stage';
import { modelMetadata, storeWeights, WEIGHTS_FILE } from '@arrowsmith/quantization/model';
import { type LogRow, readTokenTable, shortenedWarmup, train } from '@arrowsmith/training';
import declaration from './declaration.ts';
import { observe } from './observe.ts';
import { lossCurve, sampler } from './show.ts';
import { speedColumns, type StepTime } from './speed.ts';
import { startOf } from './start.ts';

export default implementStage(declaration, async (context) => {
  const { model, confineAttention, backend, threads, precision, profile, samples, ...parameters } = context.parameters;
  const engine = context.environment as Engine;
  const onNotice = (notice: string) => context.note(`${context.step}: ${notice}`);
  engineNotices({ backend, precision }).forEach(onNotice);
  await useBackend(engine.backend, { precision: engine.precision, threads, onNotice });
  const rows = await readTokenTable(await context.input('rows').file('train.arrow'));
  const validationRows = await readTokenTable(await context.input('rows').file('validation.arrow'));
  const tokenizer = context.input('tokenizer');
  const [base] = context.inputs('model');
  const start = await startOf(base, { model, confineAttention }, rows);
  const { config } = start;
  const parameterCount = countParameters(config);
  onNotice(`${parameterCount.toLocaleString('en-US')} parameters on the backend ${describeEngine(engine)}`);
  const unheld = whyNotGguf(config);
  if (unheld !== undefined) onNotice(`cannot be exported as GGUF (docs/export.md): ${unheld}`);
  const warmup = shortenedWarmup(parameters);
  if (warmup !== undefined) onNotice(`warm-up of ${warmup}`);
  const tokensPerRow = rows.contextLength;
  const { terminal, signal } = context;
  const write = await sampler({
    config,
    tokenizer: await tokenizer.file('tokenizer.json'),
    endOfText: String(tokenizer.metadata['endOfText']),
    tokens: samples.tokens,
    columns: terminal?.columns,
    signal,
  });
  const observation = await observe({ engine, profile, config, tokensPerRow, parameters, onNotice });

  const bar = context.progress(context.step, { total: parameters.steps, unit: 'steps' });
  const speed = { tokens: 0, seconds: 0 };
  const times: StepTime[] = [];
  let validation = '';
  const show = ({ step, trainLoss }: LogRow) =>
    bar.update(step, `loss ${trainLoss.toFixed(3)}${validation}, ${describeSpeed(speed)}`);
  const { weights, log } = await train({
    config,
    parameters,
    weights: start.weights,
    train: rows,
    validation: validationRows,
    checkpointDirectory: context.stateDirectory,
    signal,
    onNotice,
    // A model that reads pictures would have none to write about.
    ...(samples.everySeconds > 0 && config.vision === null
      ? {
          onPause: {
            seconds: samples.everySeconds,
            call: async (tensors, soFar) => {
              const text = await write(tensors);
              const heading = `  after ${soFar.length.toLocaleString('en-US')} steps the model writes:`;
              context.note(['', ...lossCurve(soFar, terminal), '', heading, '', ...text, ''].join('\n'));
            },
          },
        }
      : {}),
    onStep: (row, { seconds }) => {
      const tokens = parameters.batchSize * rows.contextLength;
      times.push({ step: row.step, tokens, seconds });
      speed.tokens += tokens;
      speed.seconds += seconds;
      context.row(trainingLogTable, logValues(row));
      show(row);
    },
    onValidation: (row) => {
      validation = `, validation ${row.validationLoss!.toFixed(3)}`;
      context.row(trainingLogTable, logValues(row));
      show(row);
    },
  });
  bar.end();
  const curve = lossCurve(log, terminal);
  if (curve.length > 0) context.note(['', ...curve, ''].join('\n'));
  const memory = observation.end();

  const tensors = storeWeights(weights);
  const metadata = modelMetadata(config, tensors);
  await context.table(WEIGHTS_FILE, weightsTable, { config: metadata.config }, weightBatches(tensors));
  await context.table('log.arrow', trainingLogTable, {}, [logColumns(log)]);
  if (log.some(({ expertLoads }) => expertLoads !== undefined)) {
    await context.table('experts.arrow', expertLoadTable, {}, [expertColumns(log)]);
  }
  await context.measured('speed.arrow', trainingSpeedTable, [speedColumns(times)]);
  const last = log.at(-1);
  return {
    metadata: { ...metadata, steps: parameters.steps, ...(base === undefined ? {} : { from: base.digest }) },
    metrics: {
      parameters: { value: parameterCount, unit: 'parameters', headline: true, guard: 'exact' },
      activeParameters: { value: countActiveParameters(config), unit: 'parameters' },
      kvCacheBytesPerToken: { value: kvCacheBytesPerToken(config), unit: 'bytes per token' },
      ...(speed.seconds > 0
        ? { tokensPerSecond: { value: speed.tokens / speed.seconds, unit: 'tokens per second', better: 'higher' } }
        : {}),
      ...(last === undefined
        ? {}
        : {
            ...curveMetrics(log),
            trainLoss: { ...lossMetric(last.trainLoss), headline: true },
            validationLoss: { ...lossMetric(last.validationLoss!), headline: true, guard: 'both' },
          }),
      tokens: { value: last?.tokens ?? 0, unit: 'tokens', headline: true },
      steps: { value: last?.step ?? 0, unit: 'steps', guard: 'exact' },
    },
    highlights: {
      parameters: describeParameters(config),
      ...(last === undefined
        ? {}
        : {
            loss: `${last.trainLoss.toFixed(3)} training, ${last.validationLoss!.toFixed(3)} validation, after ${last.step} steps (${(last.tokens / 1e6).toFixed(2)} M tokens)`,
            speed: `${describeSpeed(speed)} (backend ${describeEngine(engine)})`,
          }),
      ...(warmup === undefined ? {} : { 'warm-up': warmup }),
      memory,
    },
  };
});

const lossMetric = (value: number): Metric => ({ value, unit: 'nats per token', better: 'lower', perToken: true });

/** Mean losses over so many parts of the run are points of the curve; single steps depend too much on their batch. */
const CURVE_PARTS = 4;

function curveMetrics(log: readonly LogRow[]): Record<string, Metric> {
  const edge = (part: number) => Math.round((part * log.length) / CURVE_PARTS);
  const parts = Array.from({ length: CURVE_PARTS }, (_, part) => log.slice(edge(part), edge(part + 1)));
  const named = parts.flatMap((part, i) => {
    if (part.length === 0) return [];
    const loss = part.reduce((sum, { trainLoss }) => sum + trainLoss, 0) / part.length;
    return [[`loss${i + 1}of${CURVE_PARTS}`, { ...lossMetric(loss), guard: 'both' } as Metric]];
  });
  return Object.fromEntries(named) as Record<string, Metric>;
}

/** The number of parameters; how many of them compute a token, where experts are chosen; and how many need to be in memory. */
function describeParameters(config: DecoderConfig): string {
  const [all, active, effective] = [countParameters, countActiveParameters, countEffectiveParameters].map((count) =>
    count(config).toLocaleString('en-US'),
  );
  const hasExperts = config.layers.some(({ ffn }) => ffn.kind === 'moe');
  return [
    all,
    ...(hasExperts ? [`${active} compute a token`] : []),
    ...(effective === all ? [] : [`${effective} effective, without per-layer embeddings`]),
  ].join(', ');
}

const describeSpeed = ({ tokens, seconds }: { tokens: number; seconds: number }): string =>
  `${Math.round(tokens / seconds).toLocaleString('en-US')} tokens/s`;

const logColumns = (log: readonly LogRow[]) => ({
  step: numbers(Int32Array.from(log, ({ step }) => step)),
  tokens: numbers(Float64Array.from(log, ({ tokens }) => tokens)),
  trainLoss: numbers(Float64Array.from(log, ({ trainLoss }) => trainLoss)),
  learningRate: numbers(Float64Array.from(log, ({ learningRate }) => learningRate)),
  gradientNorm: numbers(Float64Array.from(log, ({ gradientNorm }) => gradientNorm)),
  validationLoss: optionalNumbers(log.map(({ validationLoss }) => validationLoss ?? undefined)),
  granularity: optionalNumbers(log.map(({ granularity }) => granularity)),
  loadImbalance: optionalNumbers(log.map(({ loadImbalance }) => loadImbalance)),
});

/** A row of the log, as those who watch the training get it. One with a validation comes twice: without its loss, and with it. */
const logValues = ({ step, tokens, trainLoss, learningRate, gradientNorm, validationLoss }: LogRow) => ({
  step,
  tokens,
  trainLoss,
  learningRate,
  gradientNorm,
  validationLoss: validationLoss ?? null,
});

const expertColumns = (log: readonly LogRow[]) => {
  const rows = log.flatMap(({ step, expertLoads = [] }) =>
    expertLoads.flatMap((loads, layer) => loads.map((load, expert) => ({ step, layer, expert, load }))),
  );
  return {
    step: numbers(Int32Array.from(rows, ({ step }) => step)),
    layer: numbers(Int32Array.from(rows, ({ layer }) => layer)),
    expert: numbers(Int32Array.from(rows, ({ expert }) => expert)),
    load: numbers(Float64Array.from(rows, ({ load }) => load)),
  };
};
