/**
 * @file Experiment: whether the best learning rate of a narrow model is that of wider ones, in the standard and in the maximal update
 * parametrisation (µP, Yang et al. 2022, https://arxiv.org/abs/2203.03466).
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decoderConfig, modelParameters } from '@arrowsmith/model';
import { useBackend } from '@arrowsmith/engine';
import { resolveEngine } from '@arrowsmith/engine/resolve';
import { readTokenTable, train, trainingParameters } from '@arrowsmith/training';
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { UserError } from '@arrowsmith/errors';
import * as z from 'zod';
import { writeBenchTable } from './bench-table.ts';
import { parseOptions, threadsOption } from './options.ts';
import { fixed, printTable } from './statistics.ts';

export const description =
  'validation loss by learning rate at three widths, with and without µP, on the chunks of a pipeline: [--pipeline=smoke] [--steps=200] [--widths=32,64,128] [--plot=file.svg] [--threads=all]';

export const options = z.strictObject({
  pipeline: z.string().default('smoke'),
  steps: z.coerce.number().int().min(10).default(200),
  widths: z.string().default('32,64,128'),
  rates: z.string().default('1e-3,2e-3,4e-3,8e-3,1.6e-2,3.2e-2'),
  plot: z.string().default('artifacts/bench/mup-transfer.svg'),
  threads: threadsOption,
});

interface Point {
  parametrisation: 'standard' | 'µP';
  width: number;
  learningRate: number;
  /** Nats per token. */
  validationLoss: number;
}

/** Trains every width at every learning rate, and plots the losses. */
export async function run(args: string[]): Promise<Record<string, unknown>> {
  const { pipeline, steps, widths: asked, rates, plot, threads } = parseOptions(args, options);
  const engine = resolveEngine({});
  await useBackend(engine.backend, { threads });
  const folder = join('artifacts', pipeline, 'chunk');
  const rows = await readTokenTable(join(folder, 'train.arrow')).catch((cause: unknown) => {
    throw new UserError(
      {
        what: 'there are no chunks to train on',
        where: folder,
        expected: 'the artifact of the stage chunk',
        fix: `npx nx run chunk:${pipeline}`,
      },
      { cause },
    );
  });
  const validation = await readTokenTable(join(folder, 'validation.arrow'));
  const widths = asked.split(',').map(Number);
  const [base] = widths;
  const points: Point[] = [];
  for (const parametrisation of ['standard', 'µP'] as const) {
    for (const width of widths) {
      for (const learningRate of rates.split(',').map(Number)) {
        const config = decoderConfig(
          modelParameters.parse({
            hiddenSize: width,
            layers: 2,
            heads: width / 16, // heads of one size: attention's scale is the same at every width
            kvHeads: width / 16,
            intermediateSize: 3 * width,
            initializerRange: 0.06,
            mupBaseHiddenSize: parametrisation === 'µP' ? base : 0,
          }),
          rows,
        );
        const parameters = trainingParameters.parse({
          steps,
          batchSize: 8,
          optimizer: { learningRate, warmupSteps: Math.round(steps / 10) },
          validation: { every: steps, rows: 64 },
        });
        const checkpointDirectory = await mkdtemp(join(tmpdir(), 'mup-'));
        const validationLoss = await train({ config, parameters, train: rows, validation, checkpointDirectory })
          .then(({ log }) => log.at(-1)!.validationLoss!)
          .catch(() => NaN); // diverged
        await rm(checkpointDirectory, { recursive: true, force: true });
        points.push({ parametrisation, width, learningRate, validationLoss });
      }
    }
  }
  const best = (parametrisation: string, width: number) =>
    points
      .filter((point) => point.parametrisation === parametrisation && point.width === width)
      .filter(({ validationLoss }) => !Number.isNaN(validationLoss))
      .reduce((a, b) => (b.validationLoss < a.validationLoss ? b : a));
  console.log(`validation loss by learning rate after ${steps} steps on the chunks of ${pipeline}`);
  printTable(
    ['', ...rates.split(','), 'best'],
    ['standard', 'µP'].flatMap((parametrisation) =>
      widths.map((width) => [
        `${parametrisation}, d ${width}`,
        ...points
          .filter((point) => point.parametrisation === parametrisation && point.width === width)
          .map(({ validationLoss }) => fixed(validationLoss, 3)),
        String(best(parametrisation, width).learningRate),
      ]),
    ),
  );
  await mkdir(join(plot, '..'), { recursive: true });
  await writeFile(plot, drawing(points));
  console.log(`  plotted in ${plot}`);
  await writeBenchTable(
    'mup-transfer',
    points.map((point) => ({ ...point })),
    { steps, pipeline },
  );
  // What it costs the widest model to take the narrowest one's best learning rate instead of its own.
  const cost = (parametrisation: string) => {
    const { learningRate } = best(parametrisation, base!);
    const widest = widths.at(-1)!;
    const taken = points.find(
      (point) =>
        point.parametrisation === parametrisation && point.width === widest && point.learningRate === learningRate,
    );
    return taken!.validationLoss - best(parametrisation, widest).validationLoss;
  };
  const [ours, peer] = [cost('µP'), cost('standard')];
  console.log(
    `  the narrowest model's best rate costs the widest ${fixed(ours, 3)} with µP, ${fixed(peer, 3)} without`,
  );
  return { unit: 'nats per token', ours, peer, ratio: ours / peer, points };
}

function drawing(points: readonly Point[]): string {
  const { document } = parseHTML('<html></html>');
  const rates = [...new Set(points.map(({ learningRate }) => learningRate))];
  const svg = Plot.plot({
    document,
    width: 720,
    height: 320,
    marginLeft: 50,
    marginRight: 50,
    marginTop: 40,
    marginBottom: 40,
    style: { background: 'white', fontSize: '12px' },
    x: { type: 'log', label: 'learning rate', grid: true, ticks: rates, tickFormat: String },
    y: { label: 'validation loss, nats per token', grid: true },
    fx: { label: null, domain: ['standard', 'µP'] },
    color: { type: 'ordinal', scheme: 'tableau10', legend: false },
    marks: [
      Plot.line(points, {
        x: 'learningRate',
        y: 'validationLoss',
        fx: 'parametrisation',
        stroke: 'width',
        marker: 'dot',
        filter: ({ validationLoss }: Point) => Number.isFinite(validationLoss),
      }),
      // The widths are named at the ends of µP's lines, which do not cross.
      Plot.text(
        points.filter(({ parametrisation }) => parametrisation === 'µP'),
        Plot.selectLast({
          x: 'learningRate',
          y: 'validationLoss',
          z: 'width',
          fx: 'parametrisation',
          text: ({ width }: Point) => `d ${width}`,
          dx: 6,
          textAnchor: 'start',
        }),
      ),
    ],
  });
  svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  return svg.outerHTML;
}
