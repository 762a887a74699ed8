import { defineConfig } from 'vitest/config';

/** `npm run test:stress`: minutes long, so that it is not part of `npm test`. */
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/stress/*.stress.ts'],
    globalSetup: ['test/support/temporary-folder.ts'],
    testTimeout: 1_800_000,
    hookTimeout: 1_800_000,
  },
});
