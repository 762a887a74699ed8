/** @file What goes on around the training loop in a stage: memory told beforehand, progress shown, and at the end what is kept of it. */
import { expertLoadTable, trainingLogTable, trainingSpeedTable } from '@arrowsmith/artifacts';
import { describeEngine, type Engine } from '@arrowsmith/engine';
import type { DecoderConfig } from '@arrowsmith/model';
import type { Metric, StageContext, StageResult } from '@arrowsmith/pipeline/stage';
import {
  skippedSteps,
  type LogRow,
  shortenedWarmup,
  type TrainingMemoryOptions,
  type TrainingParameters,
  type TrainOptions,
} from '@arrowsmith/training';
import { observe } from './observe.ts';
import type { SessionParameters } from './parameters.ts';
import { lossCurve, sampler } from './show.ts';
import { speedColumns, type StepTime } from './speed.ts';
import { curveMetrics, expertColumns, logColumns, logValues, lossMetric } from './tables.ts';

interface SessionOptions {
  engine: Engine;
  config: DecoderConfig;
  parameters: TrainingParameters;
  samples: SessionParameters['samples'];
  profile: boolean;
  tokensPerRow: number;
  /** Adapters that learn, in place of the model. */
  adapt?: TrainingMemoryOptions['adapt'];
  onNotice: (notice: string) => void;
}

/** A training that is about to run. */
export interface TrainingSession {
  /** For the loop. */
  hooks: Pick<TrainOptions, 'signal' | 'onNotice' | 'onPause' | 'onStep' | 'onValidationProgress' | 'onValidation'>;
  /** Writes tables of the log, and returns what the stage says of it. */
  end: (log: readonly LogRow[]) => Promise<Required<Pick<StageResult, 'metrics' | 'highlights'>>>;
}

/**
 * Says what a training takes, and shows how it goes on. The backend must have been started; the stage has a port `tokenizer`.
 *
 * @throws UserError when training cannot fit in memory
 */
export async function startSession(
  context: Pick<
    StageContext<unknown>,
    'input' | 'measured' | 'note' | 'progress' | 'row' | 'signal' | 'step' | 'table' | 'terminal'
  >,
  { engine, config, parameters, samples, profile, tokensPerRow, adapt, onNotice }: SessionOptions,
): Promise<TrainingSession> {
  const { terminal, signal } = context;
  const tokenizer = context.input('tokenizer');
  const warmup = shortenedWarmup(parameters);
  if (warmup !== undefined) onNotice(`warm-up of ${warmup}`);
  const write = await sampler({
    config,
    tokenizer: await tokenizer.file('tokenizer.json'),
    metadata: tokenizer.metadata,
    tokens: samples.tokens,
    columns: terminal?.columns,
    signal,
  });
  const writesTexts = samples.everySeconds > 0 && config.vision === null; // a model that reads pictures would have none to write about
  const observed = { engine, profile, config, tokensPerRow, parameters, adapt, writesTexts, onNotice };
  const observation = await observe(observed);

  const bar = context.progress(context.step, { total: parameters.steps, unit: 'steps' });
  const speed = { tokens: 0, seconds: 0 };
  const times: StepTime[] = [];
  let validation = '';
  const show = ({ step, trainLoss }: LogRow) =>
    bar.update(step, `loss ${trainLoss.toFixed(3)}${validation}, ${describeSpeed(speed)}`);

  const hooks: TrainingSession['hooks'] = {
    signal,
    onNotice,
    ...(writesTexts
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
      const tokens = parameters.batchSize * tokensPerRow;
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
  };

  return {
    hooks,
    async end(log) {
      bar.end();
      const curve = lossCurve(log, terminal);
      if (curve.length > 0) context.note(['', ...curve, ''].join('\n'));
      const memory = observation.end();
      await context.table('log.arrow', trainingLogTable, {}, [logColumns(log)]);
      if (log.some(({ expertLoads }) => expertLoads !== undefined)) {
        await context.table('experts.arrow', expertLoadTable, {}, [expertColumns(log)]);
      }
      await context.measured('speed.arrow', trainingSpeedTable, [speedColumns(times)]);
      const last = log.at(-1);
      const metrics: Record<string, Metric> = {
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
        ...(last?.lossScale === undefined ? {} : { skippedSteps: { value: skippedSteps(log), unit: 'steps' } }),
      };
      const highlights: Record<string, string> = {
        ...(last === undefined
          ? {}
          : {
              loss: `${last.trainLoss.toFixed(3)} training, ${last.validationLoss!.toFixed(3)} validation, after ${last.step} steps (${(last.tokens / 1e6).toFixed(2)} M tokens)`,
              speed: `${describeSpeed(speed)} (backend ${describeEngine(engine)})`,
            }),
        ...(last?.lossScale === undefined
          ? {}
          : {
              'loss scale': `${last.lossScale} in the last step; ${skippedSteps(log)} steps skipped, in which 16 bits were too few`,
            }),
        ...(warmup === undefined ? {} : { 'warm-up': warmup }),
        memory,
      };
      return { metrics, highlights };
    },
  };
}

const describeSpeed = ({ tokens, seconds }: { tokens: number; seconds: number }): string =>
  `${Math.round(tokens / seconds).toLocaleString('en-US')} tokens/s`;
