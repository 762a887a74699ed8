/** @file The training loop. */
import { createHash } from 'node:crypto';
import * as tf from '@tensorflow/tfjs-core';
import { UserError } from '@arrowsmith/errors';
import {
  adaptParameters,
  hashWord,
  checkAdapters,
  checkWeights,
  initialAdapters,
  initialWeights,
  tensorsOf,
  viewOf,
  weightsOf,
  type AdapterConfig,
  type DecoderConfig,
  type Parameters,
  type ParameterTensors,
  type Weights,
} from '@arrowsmith/model';
import {
  forgetOverflow,
  passRepeater,
  type PassRepeater,
  releaseMemory,
  scalesLoss,
  withoutRepeating,
} from '@arrowsmith/backend';
import { globalNorm } from '@arrowsmith/ops';
import { loadCheckpoint, saveCheckpoint, type RunIdentity, type TrainingState } from './checkpoint.ts';
import { garbageCollector } from './collect-garbage.ts';
import { batchOrder, checkVision, evenlySpread, readBatch, type TokenRows } from './data.ts';
import { splitLoss } from './evaluate.ts';
import { batchGradients } from './gradients.ts';
import { loadImbalance, type LogRow } from './log.ts';
import { hasOverflowed, LOSS_SCALE, type LossScaleRule, nextLossScale, skippedSteps } from './loss-scale.ts';
import { initialState, learningRateFactors, muonNames, updateParameters, type OptimizerState } from './optimizer.ts';
import type { TrainingParameters } from './parameters.ts';
import { withNearest } from './quantization-aware.ts';
import { completeParameters, learningRate, quantizationOfStep, type CompleteParameters } from './schedule.ts';

/** What a run is made of, and who is told about it. */
export interface TrainOptions {
  config: DecoderConfig;
  parameters: TrainingParameters;
  /** Where to start from; by default the weights that `parameters.seed` initializes. Of adapters, theirs. */
  weights?: Weights | undefined;
  /** In place of the model's own weights, adapters learn beside those of one that does not. */
  adapt?: Adapting | undefined;
  train: TokenRows;
  validation: TokenRows;
  /**
   * Used by this run alone, i.e. named after everything its result depends on, the content of the splits included. Whoever
   * stores the result removes it.
   */
  checkpointDirectory: string;
  /** Called after every step's update, before its validation, with the time it took. */
  onStep?: ((row: LogRow, time: { seconds: number }) => void) | undefined;
  /** Called while a validation runs, with the rows measured. */
  onValidationProgress?: ((done: number, total: number) => void) | undefined;
  /** Called after each validation, with the step's complete row. */
  onValidation?: ((row: LogRow) => void) | undefined;
  /**
   * Called between steps, as soon as `seconds` have gone by since the last time, with the parameters as the model computes with them, quantized or not,
   * and the log so far: to show what has been learnt. It leaves them as they are, so that it has no influence on the result.
   */
  onPause?: { seconds: number; call: (parameters: Parameters, log: readonly LogRow[]) => Promise<void> } | undefined;
  /** Told of what a person may want to know: where the run resumes, a damaged checkpoint. */
  onNotice?: ((notice: string) => void) | undefined;
  /** Goes on from a checkpoint of another backend, too. The result then depends on where the run went over, in its last bits. */
  fromAnyBackend?: boolean | undefined;
  /** Stops the run after the micro-batch in progress; the steps done so far are saved. */
  signal?: AbortSignal | undefined;
  /** How losses are scaled where factors of products have 16 bits. */
  lossScaleRule?: LossScaleRule | undefined;
}

/** A model whose adapters learn. */
export interface Adapting {
  adapters: AdapterConfig;
  /** Its frozen parameters (`freezeParameters`), on the active backend; they stay the caller's. */
  base: Parameters;
  /** What tells it from other models. */
  digest: string;
}

/** All parameters of the model, given those that learn. */
const binder =
  ({ config, adapt }: Pick<TrainOptions, 'config' | 'adapt'>) =>
  (tensors: ParameterTensors): Parameters =>
    adapt === undefined ? tensors : adaptParameters(config, adapt.adapters, adapt.base, tensors);

/** With every default filled in. */
type CompleteOptions = TrainOptions & { parameters: CompleteParameters };

/** A run was stopped by its signal. It resumes when it is called again with the same checkpoint directory. */
export class TrainingInterrupted extends Error {
  /** Steps done and saved. */
  readonly step: number;

  constructor(step: number, options?: ErrorOptions) {
    super(`training was interrupted after step ${step}; the same run resumes from there`, options);
    this.name = 'TrainingInterrupted';
    this.step = step;
  }
}

/**
 * Trains a decoder on the active backend. Resumes from the newest checkpoint in `checkpointDirectory`.
 *
 * The result is a function of configuration, parameters, data and backend: a run that was killed at any moment and called
 * again, as often as need be, gives bit for bit the weights and the log of one that was not (on a backend that is itself
 * deterministic). There is no validation before the first step: an untrained model's loss is about ln(vocabulary size).
 *
 * @throws TrainingInterrupted when the signal aborts
 * @throws UserError when the loss or the gradient stops being finite, when the checkpoint belongs to another run, or when
 *   the data do not suit the model
 */
export async function train(asked: TrainOptions): Promise<{ weights: Weights; log: LogRow[] }> {
  const options: CompleteOptions = { ...asked, parameters: completeParameters(asked.parameters, asked.config) };
  const { config, parameters, checkpointDirectory, signal, onPause } = options;
  checkSplit(options.train, config, 'training');
  checkSplit(options.validation, config, 'validation');
  const { run, log, state, ...resumed } = await begin(options);
  let { saved } = resumed;
  const collectGarbage = garbageCollector(); // what has been read is garbage now
  let savedAt = performance.now();
  let pausedAt = performance.now();
  const rowsOfStep = batchOrder({ rows: options.train.rows, batchSize: parameters.batchSize, seed: parameters.seed });
  const passes = passRepeater();
  const save = async (): Promise<void> => {
    if ((saved?.step ?? 0) === log.length) return;
    const content = {
      parameters: await viewOf(state.parameters),
      firstMoments: await viewOf(state.firstMoments),
      secondMoments: await viewOf(state.secondMoments),
      log,
    };
    saved = await saveCheckpoint(checkpointDirectory, content, run, saved);
    savedAt = performance.now();
  };

  try {
    for (;;) {
      // First, because a run may have been interrupted between a step's update and its validation.
      const last = log.at(-1);
      if (last !== undefined && last.validationLoss === null && isValidated(parameters, last.step)) {
        const complete = { ...last, validationLoss: await validationLoss(options, state, log) };
        log[log.length - 1] = complete;
        options.onValidation?.(complete);
      }
      if (performance.now() - savedAt >= 1000 * parameters.checkpoint.everySeconds) await save();
      if (log.length === parameters.steps) break;
      if (onPause !== undefined && log.length > 0 && performance.now() - pausedAt >= 1000 * onPause.seconds) {
        const quantization = quantizationOfStep(parameters, log.length);
        const bind = binder(options);
        await withNearest(config, quantization, state.parameters, (read) => onPause.call(bind(read), log));
        pausedAt = performance.now();
      }

      const start = performance.now();
      const row = await trainStep(options, state, log, rowsOfStep(log.length + 1), {
        passes,
        lossScaleRule: options.lossScaleRule,
      });
      log.push(row);
      options.onStep?.(row, { seconds: (performance.now() - start) / 1000 });
      collectGarbage();
    }
    await save();
    releaseMemory(); // of the activations, before there is another copy of the weights
    return { weights: await weightsOf(state.parameters), log };
  } catch (error) {
    if (!signal?.aborted || error !== signal.reason) throw error;
    await save();
    throw new TrainingInterrupted(log.length, { cause: error });
  } finally {
    tf.dispose(state);
    releaseMemory();
  }
}

/** What a run starts from, its checkpoint or its first step. A function of its own, so that what it reads does not outlive it. */
async function begin(options: TrainOptions) {
  const { checkpointDirectory, onNotice } = options;
  const initial = initialValues(options);
  const run = runIdentity(options, initial);
  const resumed = await loadCheckpoint(
    checkpointDirectory,
    run,
    onNotice,
    options.fromAnyBackend === true ? ['backend', 'precision'] : [],
  );
  if (resumed === undefined) {
    const { config, parameters, adapt } = options;
    const byMuon = muonNames(parameters.optimizer, config, adapt && Object.keys(initial));
    return { run, log: [] as LogRow[], state: initialState(tensorsOf(initial), byMuon), saved: undefined };
  }
  onNotice?.(`resuming after step ${resumed.saved.step}`);
  return { run, log: resumed.state.log, state: restored(resumed.state), saved: resumed.saved };
}

/** What learns, before the first step. */
function initialValues({ config, parameters: { seed }, weights, adapt }: TrainOptions): Weights {
  const where = 'initial weights';
  if (adapt === undefined) {
    const initial = weights ?? initialWeights(config, seed);
    checkWeights(config, initial, where);
    return initial;
  }
  const initial = weights ?? initialAdapters(config, adapt.adapters, seed);
  checkAdapters(config, adapt.adapters, initial, where);
  return initial;
}

/**
 * One optimizer step: reads the batch, updates `state`, and returns the log's next row. All or nothing.
 *
 * @param options.passes the run's own
 * @param options.lossScaleRule where factors of products have 16 bits
 */
export async function trainStep(
  options: Pick<CompleteOptions, 'config' | 'parameters' | 'train' | 'signal' | 'adapt'>,
  state: OptimizerState,
  log: readonly LogRow[],
  indices: readonly number[],
  {
    passes = withoutRepeating(),
    lossScaleRule = LOSS_SCALE,
  }: { passes?: PassRepeater | undefined; lossScaleRule?: LossScaleRule | undefined } = {},
): Promise<LogRow> {
  const { config, parameters, train: rows, signal } = options;
  const step = log.length + 1;
  const quantization = quantizationOfStep(parameters, step);
  const batch = await readBatch(rows, indices, config.vocabularySize);
  const granularities = granularitiesOf(config, parameters.seed, step);
  const isScaled = scalesLoss();
  const lossScale = isScaled ? nextLossScale(log, lossScaleRule) : 1;
  if (isScaled) forgetOverflow();
  let norms: tf.Tensor[] = [];
  const computed = withNearest(config, quantization, state.parameters, (read) =>
    batchGradients({
      config,
      parameters: read,
      bind: binder(options),
      batch,
      rows: parameters.batchSize,
      microBatches: parameters.gradientAccumulation,
      recomputeActivations: parameters.recomputeActivations,
      granularities,
      lossScale,
      passes,
      onEncoded: (learnt) => {
        norms = passes.run('norm', { inputs: [], given: learnt, compute: () => [globalNorm(learnt)] });
      },
      signal,
    }),
  );
  const { loss, tokens, loads, gradients } = await computed.catch((error: unknown) => {
    tf.dispose(norms); // which may have been asked for before anything went wrong
    throw error;
  });
  const [norm] = norms as [tf.Tensor];
  try {
    const gradientNorm = (await norm.data())[0]! / lossScale;
    if (tokens === 0) throw nothingToPredict(step, 'training', indices);
    if (!Number.isFinite(loss)) throw diverged('loss', loss, log, parameters);
    const isSkipped = isScaled && gradientNorm === Infinity && lossScale > lossScaleRule.least;
    if (!Number.isFinite(gradientNorm) && !isSkipped) throw diverged('gradient norm', gradientNorm, log, parameters);
    const rate = learningRate(parameters, step);
    if (!isSkipped) {
      updateParameters(state, gradients, parameters.optimizer, {
        learningRate: rate,
        learningRateFactors: learningRateFactors(config, parameters.optimizer),
        gradientScale: Math.min(1, parameters.optimizer.gradientClip / gradientNorm) / lossScale,
        step: step - skippedSteps(log), // counts updates
        passes,
      });
    }
    return {
      step,
      tokens: (log.at(-1)?.tokens ?? 0) + tokens,
      trainLoss: loss,
      learningRate: rate,
      gradientNorm,
      validationLoss: null,
      ...(isScaled ? { lossScale } : {}),
      ...(isSkipped ? { isSkipped } : {}),
      ...(config.matformer.granularities > 1 && granularities.length === 1 ? { granularity: granularities[0]! } : {}),
      ...(loads.length > 0 ? { loadImbalance: loadImbalance(loads) } : {}),
      ...(loads.length > 0 && isValidated(parameters, step) ? { expertLoads: loads } : {}),
    };
  } finally {
    tf.dispose([gradients, norm]);
  }
}

/** Of a nested model, the widths that a step trains: one drawn at random, or all. */
function granularitiesOf(
  { matformer: { granularities, training } }: DecoderConfig,
  seed: number,
  step: number,
): number[] {
  const all = Array.from({ length: granularities }, (_, granularity) => granularity);
  if (granularities === 1 || training === 'joint') return all;
  const random = hashWord(`granularity, seed ${seed}, step ${step}`) >>> 0;
  return [random % granularities];
}

function isValidated({ steps, validation }: TrainingParameters, step: number): boolean {
  return step === steps || step % validation.every === 0;
}

/** Mean loss over the validation rows, of what the model computes with; every run measures the same ones, whatever its seed. */
async function validationLoss(options: TrainOptions, state: OptimizerState, log: readonly LogRow[]): Promise<number> {
  const { config, parameters, validation, onNotice, onValidationProgress, signal } = options;
  const indices = evenlySpread(validation.rows, parameters.validation.rows);
  const isScaled = scalesLoss();
  if (isScaled) forgetOverflow();
  const quantization = quantizationOfStep(parameters, log.length);
  const { nats, tokens } = await withNearest(config, quantization, state.parameters, (read) =>
    splitLoss({
      config,
      parameters: binder(options)(read),
      rows: validation,
      indices,
      batchSize: parameters.batchSize / parameters.gradientAccumulation,
      onProgress: onValidationProgress,
      signal,
    }),
  );
  if (tokens === 0) throw nothingToPredict(log.length, 'validation', indices);
  if (!Number.isFinite(nats)) throw diverged('validation loss', nats, log, parameters);
  if (isScaled && (await hasOverflowed()))
    onNotice?.(`the validation after step ${log.length} is off: factors of its products do not fit into 16 bits`);
  return nats / tokens;
}

/** The tensors of a checkpoint. */
function restored({ parameters, firstMoments, secondMoments }: TrainingState): OptimizerState {
  return {
    parameters: tensorsOf(parameters),
    firstMoments: tensorsOf(firstMoments),
    secondMoments: tensorsOf(secondMoments),
  };
}

/** Everything that the result depends on. The time between checkpoints and the recomputation of activations are not among it. */
function runIdentity(options: TrainOptions, initial: Weights): RunIdentity {
  const { checkpoint: _checkpoint, recomputeActivations: _recompute, ...parameters } = options.parameters;
  const { adapt } = options;
  const hash = createHash('sha256');
  for (const [name, { data }] of Object.entries(initial)) hash.update(name).update(data);
  return {
    config: options.config,
    parameters,
    trainRows: options.train.rows,
    validationRows: options.validation.rows,
    contextLength: options.train.contextLength,
    backend: tf.getBackend(),
    ...(scalesLoss() ? { precision: 'f16', lossScaleRule: options.lossScaleRule ?? LOSS_SCALE } : {}),
    initialWeights: hash.digest('hex'),
    ...(adapt === undefined ? {} : { base: adapt.digest, adapters: adapt.adapters }),
  };
}

function checkSplit(data: TokenRows, config: DecoderConfig, split: string): void {
  const { rows, contextLength } = data;
  checkVision(data, config.vision);
  if (rows > 0 && contextLength <= config.contextLength) return;
  throw new UserError({
    what: `the ${split} split does not suit the model`,
    expected: `at least one row, of at most ${config.contextLength} tokens, the model's context length`,
    found: `${rows} rows of ${contextLength} tokens`,
    fix: 'chunk a larger corpus, or with another context length',
  });
}

function nothingToPredict(step: number, split: string, indices: readonly number[]): UserError {
  return new UserError({
    what: `step ${step}: the rows read have no token to predict`,
    where: `${split} rows ${indices.join(', ')}`,
    expected: 'at least one target that is not padding',
    fix: 'chunk the corpus again, or read more rows',
  });
}

/** A quantity became NaN or infinite in the step after `log`, or in the validation of its last step. */
function diverged(
  quantity: 'loss' | 'gradient norm' | 'validation loss',
  value: number,
  log: readonly LogRow[],
  { optimizer }: TrainingParameters,
): UserError {
  const last = log.at(-1);
  return new UserError({
    what: `training diverged ${last === undefined ? 'in its first step' : `after step ${last.step}`}`,
    expected:
      last === undefined ? 'a finite loss' : `a loss like that of step ${last.step}, ${last.trainLoss.toFixed(4)}`,
    found: `${quantity} ${value}`,
    fix: `lower optimizer.learningRate (now ${optimizer.learningRate}) or lengthen optimizer.warmupSteps`,
  });
}
