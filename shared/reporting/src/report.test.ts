import { createHash } from 'node:crypto';
import { parseHTML } from 'linkedom';
import { beforeAll, describe, expect, test } from 'vitest';
import { exampleRun } from './example-run.ts';
import { renderReport } from './report.ts';
import type { ReportComparison } from './comparison.ts';
import type { ReportRun, ReportStep, ReportTable, Value } from './run.ts';

interface Page {
  source: string;
  document: ReturnType<typeof parseHTML>['document'];
  text: string;
}

async function render(...args: Parameters<typeof renderReport>): Promise<Page> {
  const source = await renderReport(...args);
  const { document } = parseHTML(source);
  const main = document.querySelector('main')!;
  return { source, document, text: main.textContent!.replaceAll(/\s+/g, ' ') };
}

/** The cells of the table with that label, row by row. */
function cells({ document }: Page, label: string): string[][] {
  const table = document.querySelector(`[aria-label="${label}"] table`)!;
  return [...table.querySelectorAll('tr')].map((row) =>
    [...row.querySelectorAll('th, td')].map((cell) => cell.textContent!.replaceAll(/\s+/g, ' ').trim()),
  );
}

/** A run with one step changed. */
function withStage(run: ReportRun, name: string, change: (step: ReportStep) => Partial<ReportStep>): ReportRun {
  return { ...run, steps: run.steps.map((step) => (step.name === name ? { ...step, ...change(step) } : step)) };
}

const withTable = (run: ReportRun, step: string, table: ReportTable): ReportRun =>
  withStage(run, step, ({ tables }) => ({
    tables: [...tables.filter(({ kind }) => kind !== table.kind), table],
  }));

const logOf = (columns: Record<string, readonly Value[]>): ReportTable => ({
  file: 'log.arrow',
  kind: 'training-log',
  metadata: {},
  columns,
});

describe('the report of a run', () => {
  let page: Page;
  const run = exampleRun({ steps: 50 });
  beforeAll(async () => {
    page = await render([run]);
  });

  test('has a section for every step, then lineage and parameters', () => {
    expect([...page.document.querySelectorAll('h2')].map(({ textContent }) => textContent)).toEqual([
      'Train',
      'Quantize',
      'Evaluate',
      'Tokenizer',
      'Chunk',
      'Download',
      'Lineage',
      'Parameters',
    ]);
    for (const link of page.document.querySelectorAll('nav a'))
      expect(page.document.querySelector(link.getAttribute('href')!)).not.toBeNull();
  });

  test('begins with a row for each model, where there are several', async () => {
    const several = await render([
      withStage(run, 'evaluate', ({ metrics, headlines }) => ({
        metrics: { ...metrics, 'quantize.bitsPerByte': 0.2073 },
        headlines: [...headlines, { metric: 'quantize.bitsPerByte', unit: 'bits per byte' }],
      })),
    ]);
    expect(cells(several, 'The models').map((row) => row.slice(0, 3))).toEqual([
      ['', 'bits per byte', 'perplexity'],
      ['train', '0.2072', '1.666'],
      ['quantize', '0.2073', '–'],
    ]);
    expect(page.document.querySelector('.headlines')!.textContent).toContain('bits per byte');
  });

  test('every id is there once', () => {
    const ids = [...page.document.querySelectorAll('[id]')].map(({ id }) => id);
    expect(ids.length).toBeGreaterThan(8);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('needs nothing from outside, and its policy lets it load nothing', () => {
    expect(page.document.querySelectorAll('link, img, iframe, script[src], [href^="http"]')).toHaveLength(0);
    const policy = page.document.querySelector('meta[http-equiv]')!.getAttribute('content')!;
    const [, script] = /<script>([\s\S]*)<\/script>/.exec(page.source)!;
    const digest = createHash('sha256').update(script!).digest('base64');
    expect(policy).toBe(
      `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'`,
    );
    expect(page.source.match(/<\/script>/g)).toHaveLength(1);
  });

  test('carries the licences of the libraries in it', () => {
    expect(page.source).toMatch(/@observablehq\/plot[^\n]*:\nCopyright 2020-\d+ Observable, Inc\./);
    expect(page.source).toMatch(/d3-[^\n]*:\nCopyright 2010-\d+ Mike Bostock/);
  });

  test('holds every value of the log, to six digits, in the table behind the plots', () => {
    const [head, ...rows] = cells(page, 'Training by step: data');
    expect(head).toEqual([
      'step',
      'Loss, training',
      'Loss, validation',
      'Learning rate',
      'Gradient norm',
      'Throughput',
      'tokens',
    ]);
    const { columns } = run.steps[3]!.tables[0]!;
    expect(rows).toHaveLength(50);
    for (const [i, row] of rows.entries()) {
      const expected = ['step', 'trainLoss', 'validationLoss', 'learningRate', 'gradientNorm', 'tokens'].map((name) => {
        const value = columns[name]![i];
        return value === null ? '' : String(Number((value as number).toPrecision(6)));
      });
      expect(row.toSpliced(5, 1)).toEqual(expected);
    }
  });

  test('throughput is tokens over seconds of each interval', () => {
    const { columns } = run.steps[3]!.tables[1]!;
    const rows = cells(page, 'Training by step: data').slice(1);
    const expected = columns['tokens']!.map((tokens, i) => (tokens as number) / (columns['seconds']![i] as number));
    expect(rows.map((row) => Number(row[5]))).toEqual(expected.map((speed) => Number(speed.toPrecision(6))));
  });

  test('every plot names its table, can be reached by keyboard, and says its last values without a script', () => {
    const plots = [...page.document.querySelectorAll('.plot')];
    expect(plots).toHaveLength(6);
    for (const plot of plots) {
      expect(plot.getAttribute('tabindex')).toBe('0');
      expect(plot.getAttribute('role')).toBe('slider');
      expect(plot.getAttribute('aria-label')).toMatch(/by (step|position|megabytes)/);
      expect(page.document.querySelector(`table#${plot.getAttribute('aria-details')}`)).not.toBeNull();
      expect(plot.getAttribute('aria-valuetext')).toMatch(/\d at (step 50|position 15|megabytes (1.115|4.2))/);
    }
  });

  test('shows losses by position as means, with the tokens they rest on', () => {
    const rows = cells(page, 'Position losses: data');
    expect(rows[0]).toEqual([
      'position',
      'Loss by position, float32',
      'Loss by position, int8',
      'tokens float32',
      'tokens int8',
    ]);
    expect(rows[1]).toEqual(['0', '4.5', '4.51', '100', '100']);
    expect(rows).toHaveLength(17);
  });

  test('shows the spread of the losses by document', () => {
    const [, spread] = cells(page, 'Spread of the losses by document');
    // 100 to 139 nats over 1000 bytes; the documents are all residues modulo 40.
    expect(spread).toEqual([
      'float32',
      '40',
      '0.1443',
      '0.1472',
      '0.1731',
      '0.1976',
      '0.2005',
      expect.stringMatching(/^\d+, \d+, \d+$/),
    ]);
    const counts = cells(page, 'Documents by their loss')
      .slice(1)
      .map(([, count]) => Number(count));
    expect(counts.reduce((a, b) => a + b, 0)).toBe(40);
  });

  test('shows size and loss of formats and methods, the largest first, and the frontier', () => {
    const rows = cells(page, 'Formats and methods');
    expect(rows.map(([format, method]) => [format, method])).toEqual([
      ['format', 'method'],
      ['f32', 'as it was'],
      ['Q8_0', 'nearest'],
      ['Q4_K', 'gptq'],
      ['Q4_K', 'nearest'],
      ['Q2_K', 'nearest by int8'],
    ]);
    expect(rows[3]!.slice(3)).toEqual(['4.500', '9 %', '0.2085', '1.676', '0.63 %', '0.58 to 0.68 %', '✓']);
    expect(rows[4]!.at(-1)).toBe('');
    const figure = page.document.querySelector('#quantize-comparison')!;
    const points = [...figure.querySelectorAll('tbody tr')].map((row) =>
      [...row.querySelectorAll('th, td')].map((cell) => cell.textContent!.trim()),
    );
    expect(points).toEqual([
      ['0.344', '0.31', '', '', '0.31'],
      ['0.59', '0.2085', '0.2091', '0.2085', ''],
      ['1.115', '0.2073', '0.2073', '', ''],
      ['4.2', '0.2072', '', '', ''],
    ]);
  });

  test('shows metrics of several models, tensors by error, the card, the vocabulary, merges', () => {
    expect(cells(page, 'Metrics')[0]).toEqual([
      'model',
      'tokens',
      'bytes',
      'loss',
      'perplexity',
      'bits per byte',
      'weight bytes',
    ]);
    expect(cells(page, 'Metrics')[2]![0]).toBe('int8');
    expect(cells(page, 'Error by tensor')).toHaveLength(1 + 12);
    expect(cells(page, 'Error by tensor')[1]).toEqual(['model.layers.13.mlp.up_proj.weight', '0.7 %', '47.0 dB']);
    expect(cells(page, 'Error of all tensors')).toHaveLength(1 + 14);
    expect(cells(page, 'Documents by length')).toEqual([
      ['bytes', 'train', 'validation'],
      ['512 to 1,023', '40', '6'],
      ['1,024 to 2,047', '20', '0'],
    ]);
    expect(cells(page, 'Tokens by length').slice(0, 3)).toEqual([
      ['bytes', 'tokens'],
      ['1', '4'],
      ['2', '2'],
    ]);
    expect(cells(page, 'First merges')[1]).toEqual(['1', '" "', '"t"', '" t"']);
  });

  test('sets samples of the same prompt and method side by side, and marks those that were cut', () => {
    const groups = [...page.document.querySelectorAll('.samples')];
    expect(
      groups.map((group) => [...group.querySelectorAll('figcaption')].map(({ textContent }) => textContent)),
    ).toEqual([
      ['float32', 'int8'],
      ['float32', 'int8'],
    ]);
    expect(page.document.querySelector('.sample pre')!.textContent).toBe(
      'Once upon a time, there were 1 cats.\n\n"Hello," said one.',
    );
    expect(page.document.querySelectorAll('.cut')).toHaveLength(1);
  });

  test('draws the graph of artifacts and says every digest', () => {
    expect(page.document.querySelectorAll('.lineage circle')).toHaveLength(6);
    expect(page.document.querySelectorAll('.lineage path')).toHaveLength(1 + 2 + 1 + 1 + 4);
    for (const { digest } of run.steps) expect(page.document.querySelector(`code[title="${digest}"]`)).not.toBeNull();
  });

  test('lists parameters by path', () => {
    expect(cells(page, 'train')).toContainEqual(['optimizer.learningRate', '0.004']);
    expect(cells(page, 'train')).toContainEqual(['optimizer.betas', '[0.9,0.95]']);
  });
});

describe('whatever the data are', () => {
  test('text that comes from data stays text, wherever it stands', async () => {
    const evil = `</script></style></pre><script>alert(1)</script><img src=x onerror=alert(1)>"'><!--`;
    const plain = await render([exampleRun()]);
    const { document, source } = await render([exampleRun({ id: `r${evil}`, text: evil })]);
    expect(source).not.toContain('<script>alert');
    expect(source).not.toContain('<img');
    expect(document.querySelectorAll('script, img')).toHaveLength(1);
    const elements = (of: Page['document']) => [...of.querySelectorAll('*')].map(({ tagName }) => tagName);
    expect(elements(document)).toEqual(elements(plain.document));
    // In the heading, notes, samples, prompt, vocabulary, pattern, card, tensors, metrics, parameters, lines of steps.
    expect(document.body.textContent!.split(evil).length - 1).toBeGreaterThan(30);
  });

  test('the same runs give the same bytes', async () => {
    expect(await renderReport([exampleRun()])).toBe(await renderReport([exampleRun()]));
  });

  test('losses that are not finite are said, and stand in the table', async () => {
    const step = Array.from({ length: 12 }, (_, i) => i + 1);
    const page = await render([
      withTable(
        exampleRun(),
        'train',
        logOf({
          step,
          trainLoss: step.map((at) => (at > 4 ? NaN : at === 3 ? Infinity : 2)),
          gradientNorm: step.map(() => -Infinity),
        }),
      ),
    ]);
    expect(page.text).toContain(
      'Loss, training is not finite at step 3 (∞), step 5 (NaN), step 6 (NaN), step 7 (NaN), step 8 (NaN) and 4 more.',
    );
    const rows = cells(page, 'Training by step: data');
    expect([rows[3]![1], rows[5]![1], rows[1]![2]]).toEqual(['∞', 'NaN', '−∞']);
  });

  test('a loss of 0 is shown on a linear axis', async () => {
    const log = (loss: number) => withTable(exampleRun(), 'train', logOf({ step: [1, 2], trainLoss: [1, loss] }));
    const axis = async (loss: number) => (await render([log(loss)])).document.querySelector('.panel h4')!.textContent;
    expect(await axis(0.5)).toContain('log scale');
    expect(await axis(0)).not.toContain('log scale');
  });

  test('an unknown numeric column of the log becomes a plot, an unknown table a table', async () => {
    const step = [1, 2, 3];
    const log = logOf({ step, trainLoss: [3, 2, 1], expertLoad: [0.2, 0.3, 0.4], note: ['a', 'b', 'c'] });
    const families: ReportTable = {
      file: 'families.arrow',
      kind: 'model-families',
      metadata: {},
      columns: { family: ['llama3', 'qwen3'], bitsPerByte: [1.5, null] },
    };
    const page = await render([withTable(withTable(exampleRun(), 'train', log), 'evaluate', families)]);
    expect(cells(page, 'Training by step: data')[0]).toContain('Expert load');
    expect(cells(page, 'Model families')).toEqual([
      ['family', 'bits per byte'],
      ['llama3', '1.5'],
      ['qwen3', ''],
    ]);
  });

  test('a table of many rows shows the first ones and says so', async () => {
    const routes: ReportTable = {
      file: 'routes.arrow',
      kind: 'routes',
      metadata: {},
      columns: { token: Array.from({ length: 1234 }, (_, i) => i) },
    };
    const page = await render([withTable(exampleRun(), 'evaluate', routes)]);
    expect(cells(page, 'Routes')).toHaveLength(201);
    expect(page.text).toContain('The first 200 of 1,234 rows; the file has them all.');
  });

  test('a step without tables, a run of one step, and what is missing leave a page that says so', async () => {
    const missing = ['The artifact of train is no longer in the store.'];
    const bare = withStage(exampleRun(), 'train', () => ({
      tables: [],
      files: [],
      highlights: {},
      metrics: {},
      missing,
    }));
    const page = await render([{ ...bare, steps: bare.steps.filter(({ name }) => name === 'train') }]);
    expect([...page.document.querySelectorAll('h2')].map(({ textContent }) => textContent)).toEqual([
      'Train',
      'Lineage',
      'Parameters',
    ]);
    expect(page.document.querySelector('main .warning')!.textContent).toBe(missing[0]);
    const silent = await render([withStage(exampleRun(), 'chunk', () => ({ parameters: {} }))]);
    expect(silent.text).toContain('This step says nothing about itself.');
  });

  test('a step that it has never heard of has a section like the others', async () => {
    const [first] = exampleRun().steps;
    const exported: ReportStep = {
      ...first!,
      name: 'export-gguf',
      makes: [],
      tables: [],
      highlights: { size: '12 MB' },
    };
    const page = await render([{ ...exampleRun(), steps: [...exampleRun().steps, exported] }]);
    expect([...page.document.querySelectorAll('h2')].map(({ textContent }) => textContent).slice(0, 5)).toEqual([
      'Train',
      'Quantize',
      'Evaluate',
      'Export gguf',
      'Tokenizer',
    ]);
  });

  test('tables without rows and losses that are all NaN break nothing', async () => {
    const empty = (table: ReportTable): ReportTable => ({
      ...table,
      columns: Object.fromEntries(Object.keys(table.columns).map((name) => [name, []])),
    });
    const run = exampleRun();
    const steps = run.steps.map((step) => ({ ...step, tables: step.tables.map(empty) }));
    const page = await render([{ ...run, steps }]);
    expect(page.text).toContain('No texts were generated');
    expect(page.text).toContain('No document has a finite loss');
    const nan = await render([withTable(run, 'train', logOf({ step: [1, 2], trainLoss: [NaN, NaN] }))]);
    expect(nan.document.querySelector('.panel .value')!.textContent).toBe('NaN');
  });
});

describe('several runs', () => {
  const runs = [exampleRun({ id: 'a-1' }), { ...exampleRun({ id: 'b-2', seed: 2, steps: 150 }), name: 'longer' }];

  test('share plots, a line per run, and what is the same in all is shown once', async () => {
    const page = await render(runs);
    expect(page.document.querySelector('h1')!.textContent).toBe('example: 2 runs');
    expect(cells(page, 'Training by step: data')[0]!.slice(0, 3)).toEqual([
      'step',
      'Training loss, a-1',
      'Training loss, longer',
    ]);
    expect(page.text).toContain('The same artifact in all runs.');
    expect(page.document.querySelectorAll('.lineage circle')).toHaveLength(3 + 2 * 3);
    expect(cells(page, 'Different parameters')).toContainEqual(['train.steps', '200', '150']);
    const [samples] = page.document.querySelectorAll('.samples');
    expect([...samples!.querySelectorAll('figcaption')].map(({ textContent }) => textContent)).toEqual([
      'a-1, float32',
      'a-1, int8',
      'longer, float32',
      'longer, int8',
    ]);
    expect(cells(page, 'Metrics')[0]![0]).toBe('run');
  });

  test('begin with what a comparison found', async () => {
    const comparison: ReportComparison = {
      notices: ['The runs have different tokenizers.'],
      parameters: [{ step: 'train', path: 'steps', values: [200, 150] }],
      environments: [{ step: 'train', path: 'backend', values: ['native', null] }],
      losses: [
        {
          model: 'float32',
          measure: 'bits per byte',
          values: [0.21, 0.2],
          documents: [200, 200],
          differences: [null, { difference: -0.01, low: -0.015, high: -0.005, verdict: 'better', paired: true }],
        },
      ],
      metrics: [
        {
          step: 'evaluate',
          name: 'bitsPerByte',
          values: [0.21, 0.2],
          differences: [null, -0.01],
          unit: 'bits per byte',
          better: 'lower',
          verdicts: [null, 'better'],
        },
        {
          step: 'train',
          name: 'parameters',
          values: [7, 7],
          differences: [null, 0],
          unit: null,
          better: null,
          verdicts: [null, null],
        },
      ],
      divergences: [null, { step: 'train', causes: ['parameter steps', 'environment backend'] }],
    };
    const page = await render(runs, { comparison });
    expect([...page.document.querySelectorAll('h2')].map(({ textContent }) => textContent).slice(0, 3)).toEqual([
      'Verdict',
      'What differs',
      'Train',
    ]);
    expect(cells(page, 'Losses of longer compared with a-1')[1]).toEqual([
      'float32 bits per byte',
      '▼ better',
      '−0.01',
      '−0.015 to −0.005',
      '0.21',
      '0.2',
      '200 paired',
    ]);
    expect(page.text).toContain('longer leaves a-1 at train: parameter steps, environment backend.');
    expect(cells(page, 'Environment that differs')).toContainEqual(['train.backend', 'native', '–']);
    expect(cells(page, 'Metrics that differ')).toEqual([
      ['metric', 'difference', 'a-1', 'longer'],
      ['evaluate.bitsPerByte bits per byte, lower is better', '−0.01 ▼ better', '0.21', '0.2'],
    ]);
    expect(page.document.querySelector('main .warning li')!.textContent).toBe('The runs have different tokenizers.');
  });

  test('are eight at most', async () => {
    await expect(renderReport([])).rejects.toThrow(/1 to 8/);
    await expect(renderReport(Array.from({ length: 9 }, () => exampleRun()))).rejects.toThrow(/1 to 8/);
  });
});
