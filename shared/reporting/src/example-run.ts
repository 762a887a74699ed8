/** @file A made-up run with every kind of table, for tests and benchmarks of reports. */
import type { ReportRun, ReportStep, ReportTable, Value } from './run.ts';

export interface ExampleOptions {
  id?: string;
  steps?: number;
  /** Decides the noise of losses, and with it the digests of what depends on training. */
  seed?: number;
  /** Added to every text that comes from data: prompts, samples, tokens, names. */
  text?: string;
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const digestOf = (name: string, seed: number): string =>
  Array.from({ length: 8 }, (_, i) => {
    const hash = [...`${name} ${seed} ${i}`].reduce(
      (sum, character) => Math.imul(sum ^ character.charCodeAt(0), 16777619),
      7,
    );
    return (hash >>> 0).toString(16).padStart(8, '0');
  }).join('');

/** What the usual stages make. */
const MAKES: Readonly<Record<string, readonly string[]>> = {
  download: ['corpus'],
  tokenizer: ['tokenizer'],
  chunk: ['rows'],
  train: ['model'],
  quantize: ['model'],
  evaluate: ['measurements'],
};

export function exampleRun({
  id = '20260131-094512-tavo',
  steps = 200,
  seed = 1,
  text = '',
}: ExampleOptions = {}): ReportRun {
  const shared = (name: string) => digestOf(name, 0);
  const own = (name: string) => digestOf(name, seed);
  const digests: Record<string, string> = {
    download: shared('download'),
    tokenizer: shared('tokenizer'),
    chunk: shared('chunk'),
    train: own('train'),
    quantize: own('quantize'),
    evaluate: own('evaluate'),
  };
  const step = (name: string, inputs: readonly string[], more: Partial<ReportStep>): ReportStep => ({
    name,
    makes: MAKES[name] ?? [],
    digest: digests[name]!,
    inputs: Object.fromEntries(inputs.map((input) => [input, digests[input]!])),
    cached: !['train', 'quantize', 'evaluate'].includes(name),
    startedAt: '2026-01-31T09:40:00.000Z',
    seconds: name === 'train' ? 135 : 0.4,
    code: shared(`code of ${name}`),
    host: 'AMD EPYC 9R14, linux x64, Node v20.20.2',
    parameters: { seed },
    environment: name === 'train' ? { backend: 'native' } : {},
    metrics: {},
    headlines: [],
    highlights: {},
    files: (more.tables ?? []).map(({ file }) => ({
      name: file,
      sha256: digestOf(file, seed),
      bytes: 12_345,
      rows: 7,
    })),
    tables: [],
    missing: [],
    ...more,
  });
  return {
    id,
    pipeline: `example${text}`,
    notes: `A run that is made up${text}`,
    finishedAt: '2026-01-31T09:45:12.000Z',
    commit: '1a2b3c4d5e6f',
    steps: [
      step('download', [], {
        highlights: { documents: `60 (0.02 MB) for training${text}` },
        tables: [cardTable(text)],
      }),
      step('tokenizer', ['download'], {
        metrics: { bytesPerToken: 3.56 },
        highlights: { compression: '3.56 bytes per token on the validation split' },
        tables: vocabularyTables(text),
      }),
      step('chunk', ['download', 'tokenizer'], { parameters: { contextLength: 16, mode: 'packed' } }),
      step('train', ['chunk'], {
        parameters: { steps, seed, optimizer: { learningRate: 0.004, betas: [0.9, 0.95] }, note: text },
        metrics: { parameters: 1_049_728, trainLoss: 0.545, validationLoss: 0.499, tokens: steps * 2048 },
        headlines: [
          { metric: 'parameters', unit: 'parameters' },
          { metric: 'validationLoss', unit: 'nats per token' },
          { metric: 'tokens', unit: 'tokens' },
        ],
        highlights: { loss: '0.545 training, 0.499 validation' },
        tables: [logTable(steps, seed), speedTable(steps, seed)],
      }),
      step('quantize', ['train'], {
        metrics: { bytesAfter: 1_080_000 },
        headlines: [{ metric: 'bytesAfter', unit: 'bytes' }],
        tables: [errorTable(text), comparisonTable(text)],
      }),
      step('evaluate', ['tokenizer', 'chunk', 'train', 'quantize'], {
        metrics: { 'train.bitsPerByte': 0.2072, 'train.perplexity': 1.666 },
        headlines: [{ metric: 'train.bitsPerByte', unit: 'bits per byte' }, { metric: 'train.perplexity' }],
        highlights: { perplexity: '1.666 full, 1.666 int8', 'sample (float32, greedy)': 'Once upon a time' },
        tables: [metricsTable(text), positionTable(), documentTable(), samplesTable(text)],
      }),
    ],
  };
}

function tableOf(file: string, kind: string, columns: Record<string, readonly Value[]>): ReportTable {
  return { file, kind, metadata: {}, columns };
}

function logTable(steps: number, seed: number): ReportTable {
  const noise = random(seed);
  const at = Array.from({ length: steps }, (_, i) => i + 1);
  const loss = (step: number): number => 0.5 + 7 * Math.exp((-6 * step) / steps);
  return tableOf('log.arrow', 'training-log', {
    step: at,
    tokens: at.map((step) => step * 2048),
    trainLoss: at.map((step) => loss(step) * (0.9 + 0.2 * noise())),
    learningRate: at.map((step) => 0.004 * Math.min(1, step / 40) * (0.55 + 0.45 * Math.cos((Math.PI * step) / steps))),
    gradientNorm: at.map((step) => loss(step) * (0.3 + 0.4 * noise())),
    validationLoss: at.map((step) => (step % Math.ceil(steps / 8) === 0 || step === steps ? loss(step) * 1.02 : null)),
  });
}

function speedTable(steps: number, seed: number): ReportTable {
  const noise = random(seed + 1);
  const length = Math.ceil(steps / 512);
  const at = Array.from({ length: Math.ceil(steps / length) }, (_, i) => Math.min(steps, (i + 1) * length));
  return tableOf('speed.arrow', 'training-speed', {
    step: at,
    tokens: at.map((step, i) => (step - (at[i - 1] ?? 0)) * 2048),
    seconds: at.map((step, i) => (step - (at[i - 1] ?? 0)) * 0.065 * (1 + 0.1 * noise())),
  });
}

function cardTable(text: string): ReportTable {
  const rows: [section: string, split: string, name: string, value: number | null, text: string][] = [
    ['origin', '', 'source', null, `embedded corpus, seed 1${text}`],
    ['origin', '', 'licence', null, 'MIT'],
    ['content', 'train', 'documents', 60, '60'],
    ['content', 'validation', 'documents', 6, '6'],
    ['lengths', 'train', 'bytes from 512 to 1023', 40, '40'],
    ['lengths', 'train', 'bytes from 1024 to 2047', 20, '20'],
    ['lengths', 'validation', 'bytes from 512 to 1023', 6, '6'],
    ['removed', 'train', 'leaks', 0, '0'],
  ];
  return tableOf('card.arrow', 'data-card', {
    section: rows.map(([section]) => section),
    split: rows.map(([, split]) => split),
    name: rows.map(([, , name]) => name),
    value: rows.map(([, , , value]) => value),
    text: rows.map(([, , , , said]) => said),
  });
}

function vocabularyTables(text: string): ReportTable[] {
  const tokens = ['<|endoftext|>', 'a', 't', 'e', ' ', ' t', 'at', ` everything, everywhere${text}`];
  return [
    {
      ...tableOf('vocabulary.arrow', 'vocabulary', {
        id: tokens.map((_, id) => id),
        bytes: tokens.map((token) => Buffer.from(token)),
        text: tokens,
        special: tokens.map((_, id) => id === 0),
      }),
      metadata: { pattern: ` ?\\p{L}+${text}` },
    },
    tableOf('merges.arrow', 'merges', { rank: [0, 1], left: [4, 1], right: [2, 2], token: [5, 6] }),
  ];
}

function errorTable(text: string): ReportTable {
  const names = Array.from({ length: 14 }, (_, layer) => `model.layers.${layer}.mlp.up_proj.weight${text}`);
  return tableOf('error.arrow', 'quantization-error', {
    name: names,
    bytesBefore: names.map(() => 4096),
    bytesAfter: names.map(() => 1056),
    maximumAbsolute: names.map((_, i) => 0.001 * (i + 1)),
    rootMeanSquare: names.map((_, i) => 0.0002 * (i + 1)),
    relative: names.map((_, i) => 0.0005 * (i + 1)),
    signalToNoiseDb: names.map((_, i) => 60 - i),
  });
}

function comparisonTable(text: string): ReportTable {
  const losses = [0.2072, 0.2073, 0.2091, 0.2085, 0.31];
  return tableOf('comparison.arrow', 'quantization-comparison', {
    format: ['f32', 'Q8_0', `Q4_K${text}`, 'Q4_K', 'Q2_K'],
    method: ['nearest', 'nearest', 'nearest', 'gptq', 'nearest'],
    activations: ['f32', 'f32', 'f32', 'f32', 'int8'],
    bytes: [4_200_000, 1_115_000, 590_000, 590_000, 344_000],
    bitsPerWeight: [32, 8.5, 4.5, 4.5, 2.625],
    largestError: [0, 0.005, 0.07, 0.09, 0.3],
    bitsPerByte: losses,
    perplexity: [1.666, 1.6661, 1.68, 1.676, 2.1],
    addedBitsPerByte: losses.map((loss) => loss - 0.2072),
    low: losses.map((loss) => loss - 0.2073),
    high: losses.map((loss) => loss - 0.2071),
    onFrontier: [true, true, false, true, true],
  });
}

function metricsTable(text: string): ReportTable {
  return tableOf('metrics.arrow', 'metrics', {
    model: [`float32${text}`, 'int8'],
    tokens: [69_673, 69_673],
    bytes: [246_810, 246_810],
    loss: [0.5105, 0.5106],
    perplexity: [1.666, 1.6661],
    bitsPerByte: [0.2072, 0.2073],
    weightBytes: [4_200_000, 1_080_000],
  });
}

function positionTable(): ReportTable {
  const positions = Array.from({ length: 16 }, (_, position) => position);
  const models = ['float32', 'int8'];
  return tableOf('positions.arrow', 'position-losses', {
    model: models.flatMap((model) => positions.map(() => model)),
    position: models.flatMap(() => positions),
    tokens: models.flatMap(() => positions.map(() => 100)),
    nats: models.flatMap((_, model) => positions.map((position) => 400 / (position + 1) + 50 + model)),
  });
}

function documentTable(): ReportTable {
  const documents = Array.from({ length: 40 }, (_, document) => document);
  return tableOf('documents.arrow', 'document-losses', {
    model: documents.map(() => 'float32'),
    document: documents,
    tokens: documents.map(() => 300),
    bytes: documents.map(() => 1000),
    nats: documents.map((document) => 100 + ((document * 7) % 40)),
  });
}

function samplesTable(text: string): ReportTable {
  const prompt = `Once upon a time${text}`;
  return tableOf('samples.arrow', 'samples', {
    model: [`float32`, 'float32', 'int8', 'int8'],
    method: ['greedy', 'top-p', 'greedy', 'top-p'],
    temperature: [0, 0.8, 0, 0.8],
    topK: [0, 0, 0, 0],
    topP: [1, 0.95, 1, 0.95],
    seed: [1, 1, 1, 1],
    prompt: [prompt, prompt, prompt, prompt],
    text: [1, 2, 3, 4].map((n) => `${prompt}, there were ${n} cats.\n\n"Hello," said one.${text}`),
    finished: [true, false, true, true],
  });
}
