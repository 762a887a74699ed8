/** @file What the stage `train` does: trains a decoder on the rows of `chunk` and writes its weights and log. */
import {
  numbers,
  optionalNumbers,
  tensorBatches,
  tensorsTable,
  trainingLogTable,
  trainingSpeedTable,
} from '@arrowsmith/artifacts';
import { countParameters, decoderConfig } from '@arrowsmith/model';
import { describeEngine, type Engine, engineNotices, useBackend } from '@arrowsmith/ops';
import { implementStage } from '@arrowsmith/pipeline/stage';
import { type LogRow, readTokenTable, train } from '@arrowsmith/training';
import declaration from './declaration.ts';
import { observe } from './observe.ts';
import { speedColumns, type StepTime } from './speed.ts';

export default implementStage(declaration, async (context) => {
  const { model, backend, threads, precision, profile, ...parameters } = context.parameters;
  const engine = context.environment as Engine;
  const onNotice = (notice: string) => context.note(`train: ${notice}`);
  engineNotices({ backend, precision }).forEach(onNotice);
  await useBackend(engine.backend, { precision: engine.precision, threads, onNotice });
  const rows = await readTokenTable(await context.input('chunk', 'train.arrow'));
  const validationRows = await readTokenTable(await context.input('chunk', 'validation.arrow'));
  const config = decoderConfig(model, rows);
  const parameterCount = countParameters(config);
  onNotice(`${parameterCount.toLocaleString('en-US')} parameters on the backend ${describeEngine(engine)}`);
  const observation = await observe({ engine, threads, profile, config, parameters, onNotice });

  const bar = context.progress('train', { total: parameters.steps, unit: 'steps' });
  const speed = { tokens: 0, seconds: 0 };
  const times: StepTime[] = [];
  let validation = '';
  const show = ({ step, trainLoss }: LogRow) =>
    bar.update(step, `loss ${trainLoss.toFixed(3)}${validation}, ${describeSpeed(speed)}`);
  const { weights, log } = await train({
    config,
    parameters,
    train: rows,
    validation: validationRows,
    checkpointDirectory: context.stateDirectory,
    signal: context.signal,
    onNotice,
    onStep: (row, { seconds }) => {
      const tokens = parameters.batchSize * config.contextLength;
      times.push({ step: row.step, tokens, seconds });
      speed.tokens += tokens;
      speed.seconds += seconds;
      show(row);
    },
    onValidation: (row) => {
      validation = `, validation ${row.validationLoss!.toFixed(3)}`;
      show(row);
    },
  });
  bar.end();
  const memory = observation.end();

  await context.table('weights.arrow', tensorsTable, { config: JSON.stringify(config) }, tensorBatches(weights));
  await context.table('log.arrow', trainingLogTable, {}, [logColumns(log)]);
  await context.measured('speed.arrow', trainingSpeedTable, [speedColumns(times)]);
  const last = log.at(-1)!;
  return {
    metadata: { parameters: parameterCount, steps: last.step, config: JSON.stringify(config) },
    metrics: {
      parameters: parameterCount,
      trainLoss: last.trainLoss,
      validationLoss: last.validationLoss!,
      tokens: last.tokens,
    },
    highlights: {
      parameters: parameterCount.toLocaleString('en-US'),
      loss: `${last.trainLoss.toFixed(3)} training, ${last.validationLoss!.toFixed(3)} validation, after ${last.step} steps (${(last.tokens / 1e6).toFixed(2)} M tokens)`,
      speed: `${describeSpeed(speed)} (backend ${describeEngine(engine)})`,
      memory,
    },
  };
});

const describeSpeed = ({ tokens, seconds }: { tokens: number; seconds: number }): string =>
  `${Math.round(tokens / seconds).toLocaleString('en-US')} tokens/s`;

const logColumns = (log: readonly LogRow[]) => ({
  step: numbers(Int32Array.from(log, ({ step }) => step)),
  tokens: numbers(Float64Array.from(log, ({ tokens }) => tokens)),
  trainLoss: numbers(Float64Array.from(log, ({ trainLoss }) => trainLoss)),
  learningRate: numbers(Float64Array.from(log, ({ learningRate }) => learningRate)),
  gradientNorm: numbers(Float64Array.from(log, ({ gradientNorm }) => gradientNorm)),
  validationLoss: optionalNumbers(log.map(({ validationLoss }) => validationLoss ?? undefined)),
});
