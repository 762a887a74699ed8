import { configDefaults, defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Tests in `test/` run stages and commands and take longest: they come first, so that at the end no core waits for one of them. */
class StagesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const runsStages = ({ moduleId }: TestSpecification) => moduleId.startsWith(`${import.meta.dirname}/test/`);
    return [...sorted.filter(runsStages), ...sorted.filter((file) => !runsStages(file))];
  }
}

// They need a graphics processor, or a program that stands in for one: npm run test:webgpu. Or many seconds each: npm run test:slow.
const exclude = [...configDefaults.exclude, '**/*.webgpu.test.ts', '**/*.slow.test.ts'];

/** They count what a process holds (tensors, memory, threads) or change it, so that each file has a process of its own. */
const ALONE = ['{test,scripts}/**/*.test.ts', 'shared/{backend-native,server,training}/**/*.test.ts'];

const each = { exclude, testTimeout: 60_000, hookTimeout: 60_000 };

export default defineConfig({
  test: {
    globalSetup: ['test/support/temporary-folder.ts'], // once: not of each project
    // Vitest leaves a core free, on two cores half of the machine.
    maxWorkers: '100%',
    sequence: { sequencer: StagesFirst },
    projects: [
      { test: { ...each, name: 'alone', include: ALONE } },
      // One process after another's files: a quarter of a second less for each, which is what starting and importing took.
      {
        test: {
          ...each,
          name: 'together',
          include: ['{shared,stages}/**/*.test.ts'],
          exclude: [...exclude, ...ALONE],
          isolate: false,
        },
      },
    ],
  },
});
