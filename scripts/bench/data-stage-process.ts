/**
 * @file One measurement of the benchmark `data-stages`, in a process of its own so that its peak memory is known:
 * `node --import tsx data-stage-process.ts <stage or loader> <workspace folder> <parameters as JSON>`. The last line printed is JSON.
 */
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readManifest } from '@arrowsmith/artifacts/store';
import { loadDeclaration, loadStage, openWorkspace, pointerPath, runStage } from '@arrowsmith/pipeline';
import { batchOrder, readTokenTable } from '@arrowsmith/training';

/** By stage, which others each port reads. */
const READS: Readonly<Record<string, Record<string, string[]>>> = {
  tokenizer: { corpus: ['download'] },
  chunk: { corpus: ['download'], tokenizer: ['tokenizer'] },
};

/** The pipeline whose artifacts the stages hand on. */
const PIPELINE = 'bench';
const REPOSITORY = resolve(import.meta.dirname, '../..');
const BATCH_ROWS = 32;
const BATCHES = 2000;

/** What a process reports. */
export interface StageMeasurement {
  seconds: number;
  /** Of all threads: what it takes on cores that do other work, too. */
  cpuSeconds: number;
  /** Of the process with its worker threads, at its peak: resident memory. */
  peakBytes: number;
  /** Of the artifact's files. */
  outputBytes: number;
  highlights: Record<string, string>;
}

/** Runs a stage as the pipeline does, in a workspace whose store is its own. */
async function measureStage(
  name: string,
  root: string,
  parameters: Record<string, unknown>,
): Promise<StageMeasurement> {
  const declaration = await loadDeclaration(REPOSITORY, name);
  const workspace = openWorkspace(root, {});
  const begin = performance.now();
  const record = await runStage({
    workspace,
    pipeline: PIPELINE,
    step: name,
    reads: READS[name] ?? {},
    declaration,
    load: () => loadStage(REPOSITORY, name),
    parameters,
    code: 'benchmark',
    signal: new AbortController().signal,
    print: () => undefined,
  });
  const seconds = (performance.now() - begin) / 1000;
  const { files } = await readManifest(join(pointerPath(workspace, PIPELINE, name), 'manifest.json'), 'run it again');
  const outputBytes = Object.values(files).reduce((sum, { bytes }) => sum + bytes, 0);
  return { seconds, ...usage(), outputBytes, highlights: record.highlights };
}

/** Reads random batches as training does. */
async function measureLoader(root: string): Promise<StageMeasurement> {
  const begin = performance.now();
  const table = await readTokenTable(join(root, 'artifacts', PIPELINE, 'chunk', 'train.arrow'));
  const opened = performance.now();
  const order = batchOrder({ rows: table.rows, batchSize: BATCH_ROWS, seed: 1 });
  order(1); // draws the permutation
  const drawn = performance.now();
  for (let step = 1; step <= BATCHES; step++) await table.read(order(step));
  const end = performance.now();
  const highlights = {
    'milliseconds per batch': ((end - drawn) / BATCHES).toFixed(3),
    'rows per batch': String(BATCH_ROWS),
    'seconds to open': ((opened - begin) / 1000).toFixed(2),
    'seconds to shuffle': ((drawn - opened) / 1000).toFixed(2),
  };
  const seconds = (end - begin) / 1000;
  return { seconds, ...usage(), outputBytes: 0, highlights };
}

/** CPU time, and resident memory at its peak; the system counts in microseconds and KiB. */
function usage(): Pick<StageMeasurement, 'cpuSeconds' | 'peakBytes'> {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  return { cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, peakBytes: maxRSS * 1024 };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [name = '', root = '', parameters = '{}'] = process.argv.slice(2);
  const measurement =
    name === 'loader'
      ? await measureLoader(root)
      : await measureStage(name, root, JSON.parse(parameters) as Record<string, unknown>);
  console.log(JSON.stringify(measurement));
}
