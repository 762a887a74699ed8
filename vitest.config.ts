import { configDefaults, defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Tests in `test/` run whole pipelines and take longest: they come first, so that at the end no core waits for one of them. */
class PipelinesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const runsPipelines = ({ moduleId }: TestSpecification) => moduleId.startsWith(`${import.meta.dirname}/test/`);
    return [...sorted.filter(runsPipelines), ...sorted.filter((file) => !runsPipelines(file))];
  }
}

export default defineConfig({
  test: {
    include: ['{shared,stages,scripts,test}/**/*.test.ts'],
    // They need a graphics processor, or a program that stands in for one: npm run test:webgpu.
    exclude: [...configDefaults.exclude, '**/*.webgpu.test.ts'],
    globalSetup: ['test/support/temporary-folder.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Vitest leaves a core free, on two cores half of the machine; tests that run other programs mostly wait.
    maxWorkers: '100%',
    sequence: { sequencer: PipelinesFirst },
  },
});
