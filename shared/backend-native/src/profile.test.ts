import { expect, test } from 'vitest';
import { addWaited, profiled, startProfile, takeProfile } from './profile.ts';

test('what kernels that waited took belongs to the calls that made them wait, not to one that failed', () => {
  const queue = { isOpen: true, length: 0 };
  const waits = profiled(
    'Waits',
    (calls: number) => void (queue.length += calls),
    () => queue,
  );
  const fails = profiled(
    'Fails',
    () => {
      throw new TypeError('a wrong shape');
    },
    () => queue,
  );
  startProfile();
  waits(2);
  expect(() => fails(undefined)).toThrow('a wrong shape');
  waits(1);
  addWaited([100, 200, 400]);
  const profile = new Map(takeProfile().map(({ kernel, calls, seconds }) => [kernel, { calls, seconds }]));
  expect(profile.get('Waits')).toEqual({ calls: 2, seconds: 700 });
  expect(profile.get('Fails')!.seconds).toBeLessThan(100);
});
