/** @file A ledger for tests: runs with ids and times. */
import type { Run } from '@arrowsmith/pipeline';
import { testRun } from '../../../pipeline/src/testing/runs.ts';

const WORDS = ['bada', 'doku', 'fano', 'giro', 'kelo', 'lumi', 'mona', 'nepi'];

/** Runs a minute apart, with the given properties, oldest first. */
export function testRuns(...properties: Partial<Run>[]): Run[] {
  return properties.map((changes, i) => ({
    ...testRun(),
    id: `20260131-09${String(i).padStart(2, '0')}00-${WORDS[i]}`,
    revision: 0,
    finishedAt: `2026-01-31T09:${String(i).padStart(2, '0')}:00.000Z`,
    ...changes,
  }));
}
