/** @file Each reader on a bounded number of changed files; `npm run fuzz` goes on for as long as it is told. */
import { expect, test } from 'vitest';
import { prepareFuzzer } from './harness.ts';
import { fuzzers } from './readers/index.ts';

/** Always the same cases: a test that fails now and then tells nothing. */
const SEED = 1;
const CASES = 40;

test.each(fuzzers)(
  '$name: what it reads of a changed file is right, or one error for people',
  { timeout: 240_000 },
  async (fuzzer) => {
    const prepared = await prepareFuzzer(fuzzer);
    try {
      const failures: string[] = [];
      let [read, refused] = [0, 0];
      for (let index = 0; index < CASES; index++) {
        const outcome = await prepared.run(SEED, index);
        if ('failure' in outcome)
          failures.push(`npm run fuzz -- ${fuzzer.name} --seed=${SEED} --case=${index}\n${outcome.failure}`);
        else if (outcome.read) read++;
        else refused++;
      }
      expect(failures.slice(0, 5)).toEqual([]);
      // Changes are neither all harmless nor is everything refused.
      expect(read + refused).toBe(CASES);
      expect(read).toBeLessThan(CASES);
    } finally {
      prepared.remove();
    }
  },
);
