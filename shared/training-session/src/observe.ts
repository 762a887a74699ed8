/** @file What a training run takes of the machine: memory, told before and after, and time by kernel. */
import type { DecoderConfig } from '@arrowsmith/model';
import type { Engine } from '@arrowsmith/engine';
import { activeGraphics } from '@arrowsmith/backend';
import {
  checkMemory,
  describeBytes,
  estimateMemory,
  graphicsMemory,
  type TrainingMemoryOptions,
  type TrainingParameters,
} from '@arrowsmith/training';

interface Observed {
  engine: Engine;
  /** Whether to measure each kernel's time, and print it at the end. */
  profile: boolean;
  config: DecoderConfig;
  tokensPerRow: number;
  parameters: TrainingParameters;
  adapt?: TrainingMemoryOptions['adapt'];
  writesTexts: boolean;
  onNotice: (line: string) => void;
}

/**
 * Says how much memory training will take, and starts to measure. The backend must have been started.
 *
 * @returns `end`, which prints the profile and says how much memory was taken
 * @throws UserError when training cannot fit in memory
 */
export async function observe({
  engine,
  profile,
  config,
  tokensPerRow,
  parameters,
  adapt,
  writesTexts,
  onNotice,
}: Observed): Promise<{
  end: () => string;
}> {
  const options = { config, parameters, tokensPerRow, adapt, writesTexts };
  const estimate = await estimateMemory(options);
  await checkMemory(options, estimate);
  const { total, activations } = estimate;
  const graphics = activeGraphics();
  if (graphics !== undefined) {
    const tensors = total - estimate.before - estimate.heap;
    const whose = graphicsMemory()?.isShared ? 'memory for graphics' : `memory of ${graphics.adapter.name}`;
    onNotice(
      `training takes at most ${describeBytes(tensors)} of ${whose}, ${describeBytes(activations)} of it activations`,
    );
    if (profile) onNotice('only the native backend measures its kernels');
    return {
      end: () => `${describeBytes(graphics.gpuMemory().mostAllocated)} at most, ${describeBytes(tensors)} expected`,
    };
  }
  // Other backends have more tensors at a time, as their operations are made of smaller ones.
  const bound = engine.backend === 'native' ? 'at most' : 'at least';
  onNotice(`training takes ${bound} ${gigabytes(total)} of memory, ${gigabytes(activations)} of it activations`);
  const peak = () => `${gigabytes(1024 * process.resourceUsage().maxRSS)} at most, ${gigabytes(total)} expected`;
  if (engine.backend !== 'native') {
    if (profile) onNotice('only the native backend measures its kernels');
    return { end: peak };
  }
  const { startProfile, takeProfile } = await import('@arrowsmith/backend-native');
  if (profile) startProfile();
  return {
    end() {
      if (profile) for (const line of profileLines(takeProfile())) onNotice(line);
      return peak();
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
