/** @file What a training run takes of the machine: memory, told before and after, and time by kernel. */
import type { DecoderConfig } from '@arrowsmith/model';
import type { Engine } from '@arrowsmith/ops';
import { checkStepMemory, estimateStepMemory, type TrainingParameters } from '@arrowsmith/training';
import { availableParallelism } from 'node:os';

interface Observed {
  engine: Engine;
  threads: number | undefined;
  /** Whether to measure each kernel's time, and print it at the end. */
  profile: boolean;
  config: DecoderConfig;
  tokensPerRow: number;
  parameters: TrainingParameters;
  onNotice: (line: string) => void;
}

/**
 * Says how much memory a step will take, and starts to measure.
 *
 * @returns `end`, which prints the profile and says how much memory was taken
 * @throws UserError when a step cannot fit in memory
 */
export async function observe({
  engine,
  threads,
  profile,
  config,
  tokensPerRow,
  parameters,
  onNotice,
}: Observed): Promise<{
  end: () => string;
}> {
  const estimate = estimateStepMemory({
    config,
    rows: parameters.batchSize / parameters.gradientAccumulation,
    tokensPerRow,
    microBatches: parameters.gradientAccumulation,
    recomputeActivations: parameters.recomputeActivations,
    precision: engine.precision,
    threads: threads ?? availableParallelism(),
  });
  checkStepMemory(estimate);
  onNotice(
    `a step takes about ${gigabytes(estimate.total)} of memory, ${gigabytes(estimate.activations)} of it activations`,
  );
  if (engine.backend !== 'native') {
    if (profile) onNotice('only the native backend measures its kernels');
    return { end: () => `${gigabytes(estimate.total)} expected` };
  }
  const { nativeMemory, resetNativePeak, startProfile, takeProfile } = await import('@arrowsmith/backend-native');
  resetNativePeak();
  if (profile) startProfile();
  return {
    end() {
      if (profile) for (const line of profileLines(takeProfile())) onNotice(line);
      return `${gigabytes(nativeMemory().peak)} at most, ${gigabytes(estimate.total)} expected`;
    },
  };
}

function profileLines(kernels: readonly { kernel: string; calls: number; seconds: number }[]): string[] {
  const total = kernels.reduce((sum, { seconds }) => sum + seconds, 0);
  const columns = (kernel: string, calls: string, seconds: string, share: string): string =>
    `${kernel.padEnd(24)}${calls.padStart(10)}${seconds.padStart(10)}${share.padStart(8)}`;
  return [
    columns('kernel', 'calls', 'seconds', 'share'),
    ...kernels.map(({ kernel, calls, seconds }) =>
      columns(kernel, String(calls), seconds.toFixed(2), `${((100 * seconds) / total).toFixed(1)} %`),
    ),
  ];
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`;
