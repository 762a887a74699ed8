/** @file Runs of the pipeline `ci` as they were measured with six seeds, and a pipeline in miniature to go with them. */
import * as z from 'zod';
import type { JsonObject, Pipeline, StageDeclaration } from '@arrowsmith/pipeline';
import type { Baseline } from '../baseline.ts';
import { makeBaseline } from '../make-baseline.ts';
import type { Measured } from '../measure.ts';
import { metricOf } from '../metrics.ts';

const BITS_PER_BYTE = [1.5865, 1.5885, 1.592, 1.5771, 1.5802, 1.5734];
const QUANTIZED = [1.5868, 1.5885, 1.5923, 1.5773, 1.5807, 1.5737];
const WORST_ERROR = [0.00666, 0.00657, 0.00659, 0.00649, 0.00659, 0.00652];

/** Hexadecimal digits of a SHA-256. */
export const sha = (digit: string): string => digit.repeat(64);

/** What the run with seed 1 … 6 gave. */
export function recordedRun(seed: number): Measured {
  const artifact = (stage: string, digit: string, ...files: string[]) => ({
    stage,
    manifest: sha(digit),
    code: `code-${digit}`,
    files: Object.fromEntries(files.map((file) => [file, sha(digit)])),
  });
  const trained = String(seed + 2);
  return {
    seed,
    metrics: {
      'download.trainDocuments': 1500,
      'tokenizer.bytesPerToken': 2.2429270946681177,
      'train.parameters': 119_104,
      'quantize.worstRelativeError': WORST_ERROR[seed - 1]!,
      'evaluate.train.bitsPerByte': BITS_PER_BYTE[seed - 1]!,
      'evaluate.quantize.bitsPerByte': QUANTIZED[seed - 1]!,
    },
    guarded: [
      metricOf('download.trainDocuments', 'exact'),
      metricOf('tokenizer.bytesPerToken', 'exact'),
      metricOf('train.parameters', 'exact'),
      metricOf('quantize.worstRelativeError', 'lower'),
      metricOf('evaluate.train.bitsPerByte', 'both'),
      metricOf('evaluate.quantize.bitsPerByte', 'both'),
    ],
    better: {
      'tokenizer.bytesPerToken': 'higher',
      'quantize.worstRelativeError': 'lower',
      'evaluate.train.bitsPerByte': 'lower',
      'evaluate.quantize.bitsPerByte': 'lower',
    },
    digests: { 'tokenizer.merges': sha('a') },
    artifacts: {
      tokenizer: artifact('tokenizer', '1', 'merges.arrow', 'tokenizer.json'),
      train: artifact('train', trained, 'weights.arrow', 'log.arrow'),
      evaluate: artifact('evaluate', trained, 'metrics.arrow'),
    },
    computed: ['train', 'evaluate'],
    engine: { backend: 'native', precision: 'f32', instructionSet: 'avx512' },
    host: { platform: 'linux', arch: 'x64', cpu: 'a processor', node: 'v20.20.0' },
  };
}

/** A run as that of a seed, but for some metrics. */
export function changedRun(seed: number, metrics: Record<string, number>, rest: Partial<Measured> = {}): Measured {
  const run = recordedRun(seed);
  return { ...run, ...rest, metrics: { ...run.metrics, ...metrics } };
}

const stage = (name: string, parameters: z.ZodType<JsonObject>, rest: Partial<StageDeclaration> = {}) =>
  [name, { name, description: '', inputs: {}, makes: [], parameters, ...rest }] as const;

export const declarations: ReadonlyMap<string, StageDeclaration> = new Map<string, StageDeclaration>([
  stage('tokenizer', z.strictObject({ vocabularySize: z.int() })),
  stage(
    'train',
    z.strictObject({
      steps: z.int(),
      optimizer: z.strictObject({ learningRate: z.number(), momentum: z.number().default(0) }),
      seed: z.int().default(1),
      threads: z.int().optional(),
    }),
    { notInKey: ['threads'], environment: () => ({ backend: 'native', precision: 'f32', instructionSet: 'avx512' }) },
  ),
  stage('evaluate', z.strictObject({})),
]);

export const pipeline: Pipeline = {
  name: 'ci',
  description: '',
  steps: {
    tokenizer: { stage: 'tokenizer', parameters: { vocabularySize: 512 }, inputs: {} },
    train: {
      stage: 'train',
      parameters: { steps: 600, optimizer: { learningRate: 6e-3, momentum: 0 }, seed: 1 },
      inputs: {},
    },
    evaluate: { stage: 'evaluate', parameters: {}, inputs: {} },
  },
};

/** The baseline of the recorded runs. */
export function recordedBaseline(): Baseline {
  const runs = [1, 2, 3, 4, 5, 6].map(recordedRun);
  return makeBaseline(pipeline, runs, {
    now: new Date('2026-01-31T12:00:00Z'),
    revision: { commit: '0123456789abcdef', dirty: false },
  });
}
