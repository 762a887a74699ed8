import { expect, test } from 'vitest';
import { checkReads } from './calibrate.ts';

test('methods that look at rows first do not begin on a backend whose results have to be waited for', () => {
  const check = (methods: Parameters<typeof checkReads>[1], backend: string | undefined) => () =>
    checkReads('small', methods, backend);
  expect(check(['nearest', 'gptq', 'awq'], 'webgpu')).toThrow(
    /gptq, awq cannot look[^]*small\.backend[^]*--small\.backend=auto/,
  );
  expect(check(['nearest'], 'webgpu')).not.toThrow();
  expect(check(['gptq'], 'native')).not.toThrow();
  expect(check(['nearest'], undefined)).not.toThrow(); // which computes with no tensors
});
