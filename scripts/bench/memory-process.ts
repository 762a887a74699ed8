/**
 * @file One training run of the benchmark `memory`, in a process of its own so that its peak of memory is known:
 * `node --import tsx memory-process.ts <case as JSON>`. The last line printed is JSON.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { decoderConfig, modelParameters } from '@arrowsmith/model';
import { type Precision, useBackend } from '@arrowsmith/engine';
import { estimateMemory, type TokenRows, train, type TrainingMemory, trainingParameters } from '@arrowsmith/training';

/** What to train: parameters as in a pipeline file, and what the data are like. */
export interface MemoryCase {
  model: Record<string, unknown>;
  training: Record<string, unknown>;
  data: { vocabularySize: number; contextLength: number };
  precision: Precision;
  threads: number;
}

/** What a process reports; memory in bytes. */
export interface MemoryMeasurement {
  estimate: TrainingMemory;
  /** That the estimate took. */
  seconds: number;
  /** Of the process, resident at its peak. */
  measured: number;
}

/** Random tokens, as many rows as are asked for. */
function randomRows({ vocabularySize, contextLength }: MemoryCase['data']): TokenRows {
  let state = 1;
  const next = () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) % vocabularySize;
  return {
    rows: 2 ** 20,
    contextLength,
    async read(indices) {
      const inputs = Int32Array.from({ length: indices.length * contextLength }, next);
      return { inputs, targets: inputs.map(next), documents: new Int32Array(inputs.length) };
    },
  };
}

async function measure({ model, training, data, precision, threads }: MemoryCase): Promise<MemoryMeasurement> {
  await useBackend('native', { precision, threads });
  const config = decoderConfig(modelParameters.parse(model), data);
  // All that a longer run does: validations, and a checkpoint after every step.
  const parameters = trainingParameters.parse({
    steps: 4,
    validation: { every: 2, rows: 40 },
    checkpoint: { everySeconds: 0 },
    ...training,
  });
  const start = performance.now();
  const estimate = await estimateMemory({ config, parameters });
  const seconds = (performance.now() - start) / 1000;
  const checkpointDirectory = await mkdtemp(join(tmpdir(), 'arrowsmith-memory-'));
  try {
    const rows = randomRows(data);
    await train({ config, parameters, train: rows, validation: rows, checkpointDirectory });
  } finally {
    await rm(checkpointDirectory, { recursive: true, force: true });
  }
  return { estimate, seconds, measured: 1024 * process.resourceUsage().maxRSS };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  console.log(JSON.stringify(await measure(JSON.parse(process.argv[2]!) as MemoryCase)));
}
