/** @file Cases of rotary positions. */
import { rope, positionsFrom, ropeFrequencies, ropeTables } from '../../index.ts';
import { randomTensor } from '../errors.ts';
import * as formulas from '../formulas.ts';
import { label, TOLERANCE, type OpCase } from './case.ts';

/** @param rotaryPairs those that turn; all by default */
function ropeCase(
  [b, s, n, headDim]: [number, number, number, number],
  interleaved: boolean,
  rotaryPairs = headDim / 2,
): OpCase {
  return {
    name: `rope: ${label({ x: [b, s, n, headDim], interleaved, rotaryPairs })}`,
    inputs: () => ({
      x: randomTensor([b, s, n, headDim], 1),
      ...ropeTables({ positions: positionsFrom(3, s), frequencies: ropeFrequencies(2 * rotaryPairs, 100) }),
    }),
    differentiable: ['x'],
    run: ({ x, cos, sin }) => [rope(x!, cos!, sin!, { interleaved })],
    formula: ({ x, cos, sin }) => [formulas.rope(x!, cos!, sin!, interleaved)],
    tolerance: TOLERANCE,
  };
}

export const ropeCases = [false, true].flatMap((interleaved) => [
  ropeCase([1, 1, 1, 2], interleaved),
  ropeCase([2, 7, 3, 8], interleaved),
  ropeCase([1, 2, 1, 18], interleaved),
  ropeCase([2, 33, 4, 64], interleaved),
  ropeCase([1, 5, 2, 96], interleaved),
  ropeCase([1, 3, 2, 256], interleaved),
  ropeCase([2, 7, 3, 8], interleaved, 1),
  ropeCase([2, 7, 3, 18], interleaved, 5),
  ropeCase([1, 33, 2, 96], interleaved, 24),
]);
