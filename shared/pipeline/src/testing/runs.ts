/** @file Runs for tests of the ledger and of what reads it. */
import type { Run, StepRun } from '../ledger/index.ts';
import type { ArtifactKind } from '../ports.ts';

/** What the usual stages make. */
const MAKES: Readonly<Record<string, readonly ArtifactKind[]>> = {
  download: ['corpus'],
  tokenizer: ['tokenizer'],
  chunk: ['rows'],
  train: ['model'],
  extract: ['model'],
  quantize: ['model'],
  evaluate: ['measurements'],
};

/** A step of a run; what a test does not care about is made up. */
export function testStep(step: string, changes: Partial<StepRun> = {}): StepRun {
  return {
    step,
    stage: step,
    makes: Object.hasOwn(MAKES, changes.stage ?? step) ? MAKES[changes.stage ?? step]! : [],
    cached: false,
    key: `key of ${step}`,
    manifest: 'a'.repeat(64),
    code: 'code-1',
    startedAt: '2026-01-31T09:00:00.000Z',
    seconds: 2,
    bytes: 1000,
    parameters: {},
    environment: {},
    inputs: {},
    metadata: {},
    highlights: {},
    host: { platform: 'linux', arch: 'x64', cpu: 'Z80', node: 'v20.20.0' },
    metrics: {},
    ...changes,
  };
}

/** A run that is not in a ledger yet. */
export function testRun(changes: Partial<Run> = {}): Omit<Run, 'id' | 'revision' | 'finishedAt'> {
  return {
    pipeline: 'toy',
    seconds: 3,
    dirty: false,
    machine: { host: 'desk', platform: 'linux x64', cpu: 'Z80', cores: 1, memoryBytes: 65_536, node: 'v20.20.0' },
    steps: { train: testStep('train', { metrics: { loss: 1.5 }, parameters: { steps: 10 } }) },
    ...changes,
  };
}
