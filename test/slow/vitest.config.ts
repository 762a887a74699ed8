import { defineConfig } from 'vitest/config';

/** `npm run test:slow`: whole pipelines through Nx and other processes, minutes of them, so that they are not part of `npm test`. */
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['{shared,stages,scripts,test}/**/*.slow.test.ts'],
    globalSetup: ['test/support/temporary-folder.ts'],
    // Vitest leaves a core free, on two cores half of the machine; these mostly wait for other programs.
    maxWorkers: '100%',
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
