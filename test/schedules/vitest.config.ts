import { defineConfig } from 'vitest/config';

/**
 * `npm run test:schedules`: ten thousand random loads of the engine, a thousand for each of ten models, each text of which is written once more alone.
 * An hour or so, and not part of `npm test`, which has forty; ENGINE_LOADS has another number of each.
 */
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['shared/generation/src/engine/batch-invariance.test.ts'],
    globalSetup: ['test/support/temporary-folder.ts'],
    env: { ENGINE_LOADS: process.env['ENGINE_LOADS'] ?? '1000' },
    testTimeout: 7_200_000,
  },
});
