/** @file Says of each pipeline how long its training takes on this machine, and how much memory. */
import { CHANNELS, PICTURE_SIZE } from '@arrowsmith/corpus';
import { countParameters, decoderConfig, type DecoderConfig, modelParameters } from '@arrowsmith/model';
import { type Engine, useBackend } from '@arrowsmith/engine';
import { aboutInputs, type Pipeline, type StageDeclaration, type Steps } from '@arrowsmith/pipeline';
import {
  availableMemory,
  estimateMemory,
  fitsMemory,
  measureTraining,
  type TrainingMemory,
  type TrainingParameters,
  type TrainingTime,
} from '@arrowsmith/training';
import { type Finding, finding, type TrainingCost } from './finding.ts';
import { trainingSeconds } from './training-time.ts';

/** How long each training is tried, in seconds: V8 compiles meanwhile, and the second half counts. */
const SECONDS = 0.6;

/** What the process of a training has taken before it begins: Node, the code and its heap; measured. This process has measured backends, too. */
const BEFORE_TRAINING = 130e6;

/** What the estimates of a pipeline need to know of its parameters, as its stages have parsed them. */
interface Asked {
  config: DecoderConfig;
  parameters: TrainingParameters;
  engine: Engine;
}

/** How long a pipeline's training takes, and how much memory. */
export interface Estimate {
  memory: TrainingMemory;
  /** Undefined where it does not fit. */
  time: TrainingTime | undefined;
}

/**
 * Pipelines that train alike share an estimate.
 *
 * @param estimate is given one of each
 * @param others what could be taken in place of an engine: the graphics processor, or the processor where that was chosen
 */
export async function checkTraining(
  pipelines: readonly Pipeline[],
  declarations: ReadonlyMap<string, StageDeclaration>,
  estimate: (asked: readonly Asked[]) => Promise<Estimate[]> = estimateTraining,
  others: (engine: Engine, train: Steps[string]['parameters']) => Engine | undefined = () => undefined,
): Promise<Finding[]> {
  const all = pipelines.flatMap(({ name, steps }) => {
    const trained = Object.keys(steps).filter((step) => steps[step]!.stage === 'train');
    return trained.map((step) => {
      const asked = askedOf(steps, step, declarations);
      const engine = typeof asked === 'string' ? undefined : others(asked.engine, steps[step]!.parameters);
      return { name: trained.length === 1 ? name : `${step}:${name}`, asked, engine };
    });
  });
  const keyOf = (asked: Asked): string => JSON.stringify(asked);
  const distinct = new Map<string, Asked>();
  for (const { asked, engine } of all) {
    if (typeof asked === 'string') continue;
    distinct.set(keyOf(asked), asked);
    if (engine !== undefined) distinct.set(keyOf({ ...asked, engine }), { ...asked, engine });
  }
  const estimates = await estimate([...distinct.values()]);
  const keys = [...distinct.keys()];
  const costOf = (asked: Asked): TrainingCost => cost(asked, estimates[keys.indexOf(keyOf(asked))]!);
  return all.map(({ name, asked, engine }) => {
    if (typeof asked === 'string') return finding('ok', `training ${name}`, 'not estimated', asked);
    return describe(name, asked, costOf(asked), engine && costOf({ ...asked, engine }));
  });
}

const tokensPerStep = ({ parameters, config }: Pick<Asked, 'parameters' | 'config'>): number =>
  parameters.batchSize * config.contextLength;

function cost({ config, parameters, engine }: Asked, { memory, time }: Estimate): TrainingCost {
  return {
    backend: `${engine.backend} ${engine.precision}`,
    memory: memory.total,
    seconds: time === undefined ? null : trainingSeconds(parameters, time),
    tokensPerSecond: time === undefined ? null : tokensPerStep({ config, parameters }) / time.step,
  };
}

/** @returns a sentence where the model is known only when the stage runs */
function askedOf(steps: Steps, step: string, declarations: ReadonlyMap<string, StageDeclaration>): Asked | string {
  const { parameters: train, inputs } = steps[step]!;
  const [chunk, tokenizer] = ['rows', 'tokenizer'].map((port) => steps[inputs[port]![0]!]!.parameters);
  if (inputs['model']!.length > 0) return 'it goes on with a model whose size is known when it is read';
  if (typeof tokenizer!['vocabularySize'] !== 'number' || tokenizer!['file'] !== undefined)
    return 'its tokenizer is pretrained; how many tokens that has is known when it is read';
  const engine = declarations.get('train')!.environment!(train, aboutInputs(inputs, steps)) as unknown as Engine;
  if (engine.backend === 'cpu')
    return 'the backend cpu is the reference for tests: build the native one, npm run build:native';
  const patchSize = chunk!['patchSize'];
  const vision =
    typeof patchSize === 'number' ? { patches: (PICTURE_SIZE / patchSize) ** 2, channels: CHANNELS, patchSize } : null;
  const data = {
    vocabularySize: tokenizer!['vocabularySize'] as number,
    contextLength: Number(chunk!['contextLength']),
    vision,
  };
  const config = {
    ...decoderConfig(modelParameters.parse(train['model']), data),
    confineAttention: train['confineAttention'] === true,
  };
  return { config, parameters: train as unknown as Asked['parameters'], engine };
}

async function estimateTraining(all: readonly Asked[]): Promise<Estimate[]> {
  const estimates: Estimate[] = [];
  for (const { config, parameters, engine } of all) {
    await useBackend(engine.backend, { precision: engine.precision });
    const memory = await estimateMemory({ config, parameters, before: BEFORE_TRAINING });
    const fits = await fitsMemory(memory);
    const time = fits ? await measureTraining({ config, parameters, seconds: SECONDS }) : undefined;
    estimates.push({ memory, time });
  }
  return estimates;
}

function describe(
  name: string,
  { config, parameters }: Asked,
  taken: TrainingCost,
  other: TrainingCost | undefined,
): Finding {
  const check = `training ${name}`;
  const tokens = tokensPerStep({ config, parameters });
  const training = {
    name,
    parameters: countParameters(config),
    tokens: parameters.steps * tokens,
    taken,
    ...(other === undefined ? {} : { other }),
  };
  const gigabytes = `${(taken.memory / 1e9).toFixed(2)} GB`;
  if (taken.seconds === null || taken.tokensPerSecond === null) {
    const have = `${(availableMemory() / 1e9).toFixed(2)} GB are left on this machine`;
    const means = `does not fit: ${have}; its training says with which parameters it would`;
    return { ...finding('note', check, gigabytes, means), training };
  }
  const steps = parameters.steps.toLocaleString('en-US');
  const speed = `${Math.round(taken.tokensPerSecond).toLocaleString('en-US')} tokens/s`;
  const means = `${steps} steps of ${tokens.toLocaleString('en-US')} tokens at ${speed}, ${taken.backend}, as busy as the machine is now`;
  return { ...finding('ok', check, `${roughly(taken.seconds)}, ${gigabytes}`, means), training };
}

/** To two digits of the larger unit: more would say what nobody knows. */
export function roughly(seconds: number): string {
  if (seconds < 2) return 'about a second';
  const [size, unit] = UNITS.find(([least]) => seconds >= 2 * least)!;
  return `about ${Number((seconds / size).toPrecision(2))} ${unit}`;
}

const UNITS = [
  [86_400, 'days'],
  [3_600, 'hours'],
  [60, 'minutes'],
  [1, 'seconds'],
] as const;
