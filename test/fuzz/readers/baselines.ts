/** @file Fuzzes the baselines of the regression gate. */
import { readBaseline, writeBaseline } from '@arrowsmith/regression';
import { recordedBaseline } from '../../../shared/regression/src/testing/recorded.ts';
import type { Fuzzer } from '../harness.ts';

export const baselines: Fuzzer = {
  name: 'baselines',
  async prepare(root) {
    const path = await writeBaseline({ root }, recordedBaseline());
    return { files: [{ path, kind: 'json' }], read: () => readBaseline({ root }, recordedBaseline().pipeline) };
  },
};
