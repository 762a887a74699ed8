/** @file What the gate guards: the numbers of a run by which a fault shows. */
import type { Direction } from './interval.ts';

/** A guarded number, by `stage.metric`. */
export interface Metric {
  name: string;
  label: string;
  /** exact: follows from the data alone and is the same in every run. interval: depends on the seed of training. */
  rule: 'exact' | 'interval';
  /** Where it may go without harm. A loss may go nowhere: a mask that leaks the future makes it lower. */
  direction: Direction;
}

/** Mean training losses over so many parts of the run are points of the curve; single steps depend too much on their batch. */
export const CURVE_PARTS = 4;

const exact = (name: string, label: string): Metric => ({ name, label, rule: 'exact', direction: 'both' });

const loss = (name: string, label: string): Metric => ({
  name,
  label,
  rule: 'interval',
  direction: 'both',
});

const cost = (name: string, label: string): Metric => ({ ...loss(name, label), direction: 'lower' });

/** In the order of the stages. A pipeline that lacks a stage has fewer of them. */
export const METRICS: readonly Metric[] = [
  exact('download.trainDocuments', 'training documents'),
  exact('download.trainBytes', 'training bytes'),
  exact('download.validationDocuments', 'validation documents'),
  exact('download.validationBytes', 'validation bytes'),
  exact('tokenizer.vocabularySize', 'vocabulary'),
  exact('tokenizer.bytesPerToken', 'bytes per token'),
  exact('tokenizer.roundTripDocuments', 'documents that decode to themselves'),
  exact('chunk.trainTokens', 'training tokens'),
  exact('chunk.validationTokens', 'validation tokens'),
  exact('train.parameters', 'model parameters'),
  exact('train.steps', 'steps of training'),
  ...Array.from({ length: CURVE_PARTS }, (_, part) =>
    loss(`train.${curvePart(part)}`, `training loss, ${curveSpan(part)} of the steps`),
  ),
  loss('train.validationLoss', 'validation loss'),
  exact('quantize.bytesAfter', 'bytes of quantized weights'),
  cost('quantize.worstRelativeError', 'largest error of a quantized tensor'),
  loss('evaluate.bitsPerByte', 'bits per byte, float32'),
  loss('evaluate.quantizedBitsPerByte', 'bits per byte, quantized'),
  cost('evaluate.quantizationCost', 'bits per byte that quantization costs'),
  exact('evaluate.fiveGramBitsPerByte', 'bits per byte of a 5-gram model'),
  exact('evaluate.heldOutSeen8grams', 'held-out 8-grams that stand in the training text'),
  loss('evaluate.repeatedNameLoss', 'loss of names that a document has had'),
  loss('evaluate.pronounLoss', 'loss of he, she and their forms'),
];

/** Digests that are guarded, by `stage.content`. */
export const DIGESTS: readonly Pick<Metric, 'name' | 'label'>[] = [
  { name: 'tokenizer.merges', label: 'merges of the tokenizer' },
];

/** Names the mean training loss of part 0, 1 … of the run. */
export function curvePart(part: number): string {
  return `loss${part + 1}of${CURVE_PARTS}`;
}

function curveSpan(part: number): string {
  const percent = (parts: number) => Math.round((100 * parts) / CURVE_PARTS);
  return `${percent(part)} to ${percent(part + 1)} %`;
}
