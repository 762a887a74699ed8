import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{shared,stages,scripts,test}/**/*.test.ts'],
    globalSetup: ['test/support/temporary-folder.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Vitest leaves a core free, on two cores half of the machine; tests that run other programs mostly wait.
    maxWorkers: '100%',
  },
});
