/** @file Whether a model sees: its losses on captions with right, wrong and no pictures, and the captions that it makes itself. */
import { booleans, captionsTable, type Column, numbers, pictureMetricsTable, strings } from '@arrowsmith/artifacts';
import { type Attributes, type Combinations, combinationsOf, objectsOf } from '@arrowsmith/corpus/pictures';
import { generate, samplingParameters } from '@arrowsmith/generation/samples';
import type { Parameters } from '@arrowsmith/model';
import { evenlySpread, patchTensor, splitLoss, type TokenRows, type TokenTable } from '@arrowsmith/training';
import type { Metric } from '@arrowsmith/pipeline/stage';
import type { Model } from '@arrowsmith/quantization/model';
import type { CreateMeasure } from '../measure.ts';

export const captioning: CreateMeasure = ({ context, rows, endOfText, encoder }) => {
  if (rows.vision === null) return undefined;
  const { batchSize, captions: count } = context.parameters;
  const { signal } = context;
  const metrics: PictureMetrics[] = [];
  const captions: Caption[] = [];
  return {
    async model({ name, model, tensors: parameters }) {
      const textOf = (ids: readonly number[]): string => encoder.decode(ids);
      const seen = await evaluatePictures({
        name,
        model,
        parameters,
        rows,
        batchSize,
        count,
        endOfText,
        textOf,
        signal,
      });
      metrics.push(...seen.metrics);
      captions.push(...seen.captions);
      return pictureScores(seen.metrics);
    },
    async end() {
      await context.table('picture-metrics.arrow', pictureMetricsTable, {}, [pictureMetricColumns(metrics)]);
      await context.table('captions.arrow', captionsTable, {}, [captionColumns(captions)]);
      return { highlights: pictureHighlights(metrics) };
    },
  };
};

/** A row of the table `picture-metrics`. */
export interface PictureMetrics {
  model: string;
  combinations: Combinations;
  pictures: number;
  tokens: number;
  loss: number;
  lossOfWrongPictures: number;
  lossWithoutPictures: number;
  captions: number;
  exact: number;
  sizes: number;
  colours: number;
  shapes: number;
}

/** A row of the table `captions`. */
export interface Caption {
  model: string;
  combinations: Combinations;
  document: number;
  caption: string;
  generated: string;
}

const GREEDY = samplingParameters.parse({ temperature: 0 });

/**
 * Measures a model on the pictures whose pairs of colour and shape training showed, and on those with others.
 *
 * @param rows one picture and its caption each
 * @param count captions to generate of either kind, at most
 * @param textOf the text of token ids
 */
export async function evaluatePictures({
  name: model,
  model: { config, perLayerRows },
  parameters,
  rows,
  batchSize,
  count,
  endOfText,
  textOf,
  signal,
}: {
  name: string;
  model: Model;
  parameters: Parameters;
  rows: TokenTable;
  batchSize: number;
  count: number;
  endOfText: number;
  textOf: (ids: readonly number[]) => string;
  signal: AbortSignal;
}): Promise<{ metrics: PictureMetrics[]; captions: Caption[] }> {
  const metrics: PictureMetrics[] = [];
  const captions: Caption[] = [];
  const captionOf = async (row: number): Promise<string> => {
    const { targets } = await rows.read([row]);
    return textOf([...targets].filter((id) => id >= 0 && id !== endOfText));
  };
  const all = await Promise.all(Array.from({ length: rows.rows }, (_, row) => captionOf(row)));
  for (const combinations of ['seen', 'held-out'] as const) {
    const indices = [...all.keys()].filter((row) => combinationsOf(all[row]!) === combinations);
    if (indices.length === 0) continue;
    const lossWith = (pictures: TokenRows) =>
      splitLoss({ config, parameters, rows: pictures, indices, batchSize, perLayerRows, signal });
    const right = await lossWith(rows);
    const next = new Map(indices.map((row, i) => [row, indices[(i + 1) % indices.length]!]));
    const patchesOf = async (of: readonly number[]) => (await rows.read(of)).patches!;
    const wrong = await lossWith(withPictures(rows, (of) => patchesOf(of.map((row) => next.get(row)!))));
    const none = await lossWith(withPictures(rows, async (of) => (await patchesOf(of)).fill(0)));

    const generated: Caption[] = [];
    for (const at of evenlySpread(indices.length, count)) {
      const document = indices[at]!;
      const { inputs, patches } = await rows.read([document]);
      const picture = patchTensor(patches, config.vision)!;
      const prompt = [...inputs.subarray(0, config.vision!.patches + 1)]; // the picture, and the end of text behind it
      const sampling = { ...GREEDY, maximumTokens: config.contextLength };
      const ids = await generate({
        config,
        parameters,
        prompt,
        sampling,
        stopToken: endOfText,
        perLayerRows,
        patches: picture,
        signal,
      });
      picture.dispose();
      generated.push({ model, combinations, document, caption: all[document]!, generated: textOf(ids) });
    }
    captions.push(...generated);
    metrics.push({
      model,
      combinations,
      pictures: indices.length,
      tokens: right.tokens,
      loss: right.nats / right.tokens,
      lossOfWrongPictures: wrong.nats / wrong.tokens,
      lossWithoutPictures: none.nats / none.tokens,
      captions: generated.length,
      ...captionScores(generated),
    });
  }
  return { metrics, captions };
}

/** The same rows with other pictures. */
function withPictures(rows: TokenRows, patchesOf: (indices: readonly number[]) => Promise<Float32Array>): TokenRows {
  return { ...rows, read: async (indices) => ({ ...(await rows.read(indices)), patches: await patchesOf(indices) }) };
}

/** The share of captions that are right word for word, and of objects that are named at their place with the right attribute. */
export function captionScores(
  captions: readonly Pick<Caption, 'caption' | 'generated'>[],
): Pick<PictureMetrics, 'exact' | 'sizes' | 'colours' | 'shapes'> {
  const pairs = captions.flatMap(({ caption, generated }) => {
    const named = objectsOf(generated);
    return objectsOf(caption).map((object, i) => ({ object, named: named[i] }));
  });
  const share = (attribute: keyof Attributes) =>
    pairs.filter(({ object, named }) => named?.[attribute] === object[attribute]).length / pairs.length;
  return {
    exact: captions.filter(({ caption, generated }) => caption === generated).length / captions.length,
    sizes: share('size'),
    colours: share('colour'),
    shapes: share('shape'),
  };
}

/** Columns of the table `picture-metrics`. */
export function pictureMetricColumns(metrics: readonly PictureMetrics[]): Record<string, Column> {
  const float = (column: Exclude<keyof PictureMetrics, 'model' | 'combinations'>) =>
    numbers(Float64Array.from(metrics, (row) => row[column]));
  return {
    model: strings(metrics.map(({ model }) => model)),
    combinations: strings(metrics.map(({ combinations }) => combinations)),
    pictures: numbers(Int32Array.from(metrics, ({ pictures }) => pictures)),
    tokens: float('tokens'),
    loss: float('loss'),
    lossOfWrongPictures: float('lossOfWrongPictures'),
    lossWithoutPictures: float('lossWithoutPictures'),
    captions: numbers(Int32Array.from(metrics, ({ captions }) => captions)),
    exact: float('exact'),
    sizes: float('sizes'),
    colours: float('colours'),
    shapes: float('shapes'),
  };
}

/** Columns of the table `captions`. */
export function captionColumns(captions: readonly Caption[]): Record<string, Column> {
  return {
    model: strings(captions.map(({ model }) => model)),
    combinations: strings(captions.map(({ combinations }) => combinations)),
    document: numbers(Int32Array.from(captions, ({ document }) => document)),
    caption: strings(captions.map(({ caption }) => caption)),
    generated: strings(captions.map(({ generated }) => generated)),
    exact: booleans(captions.map(({ caption, generated }) => caption === generated)),
  };
}

/** The metrics by which runs are compared. */
export function pictureScores(metrics: readonly PictureMetrics[]): Record<string, Metric> {
  return Object.fromEntries(
    metrics.flatMap(({ combinations, exact, colours, shapes, lossOfWrongPictures, loss }) => {
      const name = combinations === 'seen' ? 'seen' : 'heldOut';
      const share = (value: number): Metric => ({ value, better: 'higher' });
      // What the right picture is worth, in the loss of its caption.
      const gain: Metric = {
        value: lossOfWrongPictures - loss,
        unit: 'nats per token',
        better: 'higher',
        perToken: true,
      };
      return [
        [`${name}CaptionsExact`, share(exact)],
        [`${name}Colours`, share(colours)],
        [`${name}Shapes`, share(shapes)],
        [`${name}PictureGain`, gain],
      ];
    }),
  );
}

/** What a run's summary says of the model's captions. */
export function pictureHighlights(metrics: readonly PictureMetrics[]): Record<string, string> {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  return Object.fromEntries(
    metrics.map((row) => [
      `captions, ${row.combinations} combinations (${row.model})`,
      `${percent(row.exact)} word for word; sizes ${percent(row.sizes)}, colours ${percent(row.colours)}, shapes ${percent(row.shapes)}; ` +
        `loss ${row.loss.toFixed(3)}, with wrong pictures ${row.lossOfWrongPictures.toFixed(3)}, with none ${row.lossWithoutPictures.toFixed(3)}`,
    ]),
  );
}
