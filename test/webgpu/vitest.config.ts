import { defineConfig } from 'vitest/config';

/** `npm run test:webgpu`: tests that need a graphics processor, or a program that stands in for one. */
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['{shared,stages,scripts,test}/**/*.webgpu.test.ts'],
    globalSetup: ['test/support/temporary-folder.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // A device ends with its process.
    pool: 'forks',
  },
});
