/**
 * @file One load of the benchmark `two-tiers`, in a process of its own so that its peak of memory is known:
 * `node --import tsx two-tiers-process.ts <case as JSON>`. The last line printed is JSON.
 */
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { useBackend } from '@arrowsmith/engine';
import { AttentionWorkers, Engine, generationParameters } from '@arrowsmith/generation';
import { initialWeights } from '@arrowsmith/model';
import { runnable, storeWeights } from '@arrowsmith/quantization/model';
import { benchModels } from './models.ts';

/** What is written, and where keys and values are. */
export interface TiersCase {
  model: keyof typeof benchModels;
  threads: number;
  /** Processes for attention; 0: one process does all. */
  workers: number;
  /** For keys and values, of the process or of each worker. */
  cacheBytes: number;
  /** Texts at once, at most. */
  sequences: number;
  texts: number;
  promptTokens: number;
  tokens: number;
}

/** What the process reports; memory in bytes. */
export interface TiersMeasurement {
  /** Texts in memory at once, at most. */
  batch: number;
  preemptions: number;
  seconds: number;
  /** Of processors, in this process and, where the system tells, in workers. */
  processorSeconds: number;
  /** Sent to workers and received. */
  sent: number;
  received: number;
  /** Resident at the peak: of the process, which has the weights, and of the largest worker, where the system tells. */
  peak: number;
  workerPeak: number | null;
  /** All tokens. */
  written: string;
}

async function measure(each: TiersCase): Promise<TiersMeasurement> {
  const { model, threads, workers: count, cacheBytes, sequences, texts, promptTokens, tokens } = each;
  await useBackend('native', { threads });
  const { config } = benchModels[model];
  const parameters = runnable(config, storeWeights(initialWeights(config, 1)));
  const workers = count === 0 ? undefined : new AttentionWorkers({ count, onNotice: fail });
  const engine = new Engine({ config, parameters }, { cacheBytes, sequences, attention: workers });
  let batch = 0;
  let preemptions = 0;
  const write = async (i: number, length: number): Promise<number[]> => {
    const prompt = Array.from({ length: promptTokens }, (_, j) => (17 * i + 31 * j + i * j) % config.vocabularySize);
    const ids: number[] = [];
    const own = generationParameters.parse({ temperature: 0, maximumTokens: length });
    for await (const event of engine.generate({ prompt, parameters: own, salt: String(i) })) {
      if (event.kind === 'token') ids.push(event.id);
      if (event.kind === 'end') preemptions += event.preemptions;
      batch = Math.max(batch, engine.state().running);
    }
    return ids;
  };
  // Workers are there, and all is compiled.
  await Promise.all(Array.from({ length: Math.max(1, 2 * count) }, (_, i) => write(texts + i, 4)));
  const traffic = () => workers?.state() ?? [];
  const processorSeconds = () => traffic().reduce((sum, { pid }) => sum + secondsOf(pid), secondsOf(process.pid));
  const before = traffic();
  const usedBefore = processorSeconds();
  const started = performance.now();
  const written = await Promise.all(Array.from({ length: texts }, (_, i) => write(i, tokens)));
  const seconds = (performance.now() - started) / 1000;
  const used = processorSeconds() - usedBefore;
  const sum = (of: (state: (typeof before)[number]) => number) =>
    traffic().reduce((total, state, i) => total + of(state) - of(before[i] ?? state), 0);
  const [sent, received] = [sum((state) => state.sent), sum((state) => state.received)];
  const workerPeaks = traffic().flatMap(({ pid }) => (pid === undefined ? [] : (peakOf(pid) ?? [])));
  const peak = 1024 * process.resourceUsage().maxRSS;
  await engine.dispose();
  return {
    batch,
    preemptions,
    seconds,
    processorSeconds: used,
    sent,
    received,
    peak,
    workerPeak: workerPeaks.length === 0 ? null : Math.max(...workerPeaks),
    written: JSON.stringify(written),
  };
}

/** A loss would spoil what is measured. */
function fail(notice: string): never {
  throw new Error(notice);
}

/** Of processors, that a process has used; 0 where it is not Linux that tells. */
function secondsOf(pid: number | undefined): number {
  try {
    // Behind the name, which is in parentheses: fields 14 and 15 of all, in hundredths of a second.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return 0;
  }
}

/** Of another process, where Linux tells. */
function peakOf(pid: number): number | undefined {
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? undefined : 1024 * Number(kilobytes);
  } catch {
    return undefined;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const result = await measure(JSON.parse(process.argv[2] ?? '{}') as TiersCase);
  console.log(JSON.stringify(result));
}
