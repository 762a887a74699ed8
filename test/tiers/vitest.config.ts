import { defineConfig } from 'vitest/config';

/** `npm run test:tiers`: minutes long, so that it is not part of `npm test`. */
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/tiers/*.stress.ts'],
    globalSetup: ['test/support/temporary-folder.ts'],
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
});
