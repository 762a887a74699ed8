/** @file Which documents are held out. */

import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { isHeldOut } from './split.ts';

test('a tenth is every tenth document', () => {
  expect(Array.from({ length: 31 }, (_, i) => i).filter((i) => isHeldOut(i, 0.1))).toEqual([9, 19, 29]);
});

test('of any n documents, n times the share are held out, rounded down', () => {
  fc.assert(
    fc.property(fc.nat(2000), fc.double({ min: 0.001, max: 0.999, noNaN: true }), (n, share) => {
      let heldOut = 0;
      for (let i = 0; i < n; i++) if (isHeldOut(i, share)) heldOut++;
      expect(heldOut).toBe(Math.floor(n * share));
    }),
    { seed: 1 },
  );
});
