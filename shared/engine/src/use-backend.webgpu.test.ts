/** @file The backend webgpu, started for a result whose key names a graphics processor. */
import { expect, test } from 'vitest';
import { resolveEngine } from './resolve.ts';
import { useBackend } from './use-backend.ts';

test('starts where the graphics processor is the one that the key names, and is an error where it is another', async () => {
  const engine = resolveEngine({ backend: 'webgpu' });
  await useBackend('webgpu', { expected: engine });
  const other = { ...engine, driver: 'an older one' } as typeof engine;
  await expect(useBackend('webgpu', { expected: other })).rejects.toThrow(
    /another than the one that was measured[^]*an older one[^]*run the same command again/,
  );
});
