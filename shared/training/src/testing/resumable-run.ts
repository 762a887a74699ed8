/**
 * @file A training run for tests to kill: `node --import tsx resumable-run.ts <checkpoint directory>`. Writes a checkpoint after
 * every step and a line `step <n>` for each, at last a line of JSON with a digest of the weights and the log.
 */
import { createHash } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import { useBackend } from '@arrowsmith/engine';
import { train } from '../loop.ts';
import { config, tinyParameters, trainSplit, validationSplit } from './tiny-run.ts';

/** The run's result in a form that can be compared bit by bit. */
export async function resumableRun(checkpointDirectory: string, onStep: (step: number) => void): Promise<string> {
  await useBackend('wasm');
  const { weights, log } = await train({
    config,
    parameters: tinyParameters({ steps: 30, checkpoint: { everySeconds: 0 } }),
    train: trainSplit,
    validation: validationSplit,
    checkpointDirectory,
    onStep: ({ step }) => onStep(step),
  });
  const hash = createHash('sha256');
  for (const [name, { data }] of Object.entries(weights)) hash.update(name).update(data);
  return JSON.stringify({ weights: hash.digest('hex'), log });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  console.log(await resumableRun(process.argv[2]!, (step) => console.log(`step ${step}`)));
}
