import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { resolveBackend } from '@arrowsmith/engine';
import { expect, test } from 'vitest';
import type { MemoryCase, MemoryMeasurement } from './memory-process.ts';

/** Elsewhere, what a process has of the machine's memory is counted otherwise. */
const isMeasured = process.platform === 'linux' && resolveBackend() === 'native';

/** Long enough for garbage to come together, wide enough for buffers to come and go. */
const cases: Record<string, MemoryCase> = {
  'of many small steps': {
    model: { family: 'gemma3', hiddenSize: 128, layers: 4 },
    training: {
      steps: 100,
      batchSize: 8,
      validation: { every: 50, rows: 8 },
      checkpoint: { everySeconds: 2 },
    },
    data: { vocabularySize: 2048, contextLength: 128 },
    precision: 'f32',
    threads: 2,
  },
  'of few large ones': {
    model: { family: 'gemma3', hiddenSize: 256, layers: 6 },
    training: { steps: 3, batchSize: 8, validation: { every: 1, rows: 24 } },
    data: { vocabularySize: 8192, contextLength: 128 },
    precision: 'f32',
    threads: 2,
  },
};

test.skipIf(!isMeasured).each(Object.entries(cases))(
  'the memory told is a bound of a run %s, and at most a tenth above it',
  (_, each) => {
    const script = join(import.meta.dirname, 'memory-process.ts');
    const output = execFileSync(process.execPath, ['--import', 'tsx', script, JSON.stringify(each)], {
      encoding: 'utf8',
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    const { estimate, measured } = JSON.parse(output) as MemoryMeasurement;
    expect(estimate.total / measured).toBeGreaterThanOrEqual(1);
    expect(estimate.total / measured).toBeLessThanOrEqual(1.1);
  },
);
