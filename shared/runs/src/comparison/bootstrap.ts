/**
 * @file The noise of a difference between two losses: the bootstrap (Efron 1979) over documents. The tokens of a document are not independent of each
 * other, so that documents are drawn, each with all of its tokens. Two models on the same documents are resampled in pairs: what makes a document
 * hard for both cancels out.
 *
 * The interval tells how much of a difference comes from the choice of documents. It knows nothing of what another seed of training would give.
 */
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** Losses by document: parallel arrays. */
export interface DocumentLosses {
  /** Sum of the negative log likelihoods of the document's tokens. */
  nats: Float64Array;
  /** What the sum is divided by: the document's tokens, or its bytes · ln 2 for bits per byte. */
  units: Float64Array;
}

export interface Interval {
  /** Loss of b − loss of a, over all documents. */
  difference: number;
  /** Bounds of the 95 % percentile interval. */
  low: number;
  high: number;
}

/** Resamples; fewer where there are many documents, whose interval is smooth already. */
const RESAMPLES = 10_000;
const DRAWS = 4e6;

/** More documents than these are drawn in blocks of neighbours, of equal number but for one document: the blocks' sums vary as the documents' do. */
const BLOCKS = 2_000;

const SEED = 1;

/** The mean loss over all documents. */
export function meanLoss({ nats, units }: DocumentLosses): number {
  return sum(nats) / sum(units);
}

/**
 * The difference of two models' losses over the same documents. Deterministic: the resamples follow from a fixed seed.
 * @throws RangeError when the documents are not as many
 */
export function pairedBootstrap(a: DocumentLosses, b: DocumentLosses): Interval {
  if (a.nats.length === 0 || b.nats.length !== a.nats.length)
    throw new RangeError(`${a.nats.length} and ${b.nats.length} documents cannot be paired`);
  const [blocksA, blocksB] = [inBlocks(a), inBlocks(b)];
  const n = blocksA.nats.length;
  const blocks = drawnBlocks(n);
  return interval(meanLoss(b) - meanLoss(a), n, (at) => {
    let [natsA, unitsA, natsB, unitsB] = [0, 0, 0, 0];
    for (let i = at * n; i < (at + 1) * n; i++) {
      const block = blocks[i]!;
      natsA += blocksA.nats[block]!;
      unitsA += blocksA.units[block]!;
      natsB += blocksB.nats[block]!;
      unitsB += blocksB.units[block]!;
    }
    return natsB / unitsB - natsA / unitsA;
  });
}

/** The difference of two models' losses over different documents: each side is resampled by itself. */
export function independentBootstrap(a: DocumentLosses, b: DocumentLosses): Interval {
  const [blocksA, blocksB] = [inBlocks(a), inBlocks(b)];
  const draw = random();
  return interval(meanLoss(b) - meanLoss(a), blocksA.nats.length + blocksB.nats.length, () => {
    const resampledA = resample(blocksA, draw);
    return resample(blocksB, draw) - resampledA;
  });
}

/** A random integer in [0, n). */
type Draw = (n: number) => number;

function resample({ nats, units }: DocumentLosses, draw: Draw): number {
  const n = nats.length;
  let [total, count] = [0, 0];
  for (let i = 0; i < n; i++) {
    const document = draw(n);
    total += nats[document]!;
    count += units[document]!;
  }
  return total / count;
}

function inBlocks({ nats, units }: DocumentLosses): DocumentLosses {
  const n = nats.length;
  if (n <= BLOCKS) return { nats, units };
  const blocks = { nats: new Float64Array(BLOCKS), units: new Float64Array(BLOCKS) };
  for (let document = 0; document < n; document++) {
    const block = Math.floor((document * BLOCKS) / n);
    blocks.nats[block]! += nats[document]!;
    blocks.units[block]! += units[document]!;
  }
  return blocks;
}

/** Always the same sequence. */
function random(): Draw {
  const generator = xoroshiro128plus(SEED);
  return (n) => uniformInt(generator, 0, n - 1);
}

const resamplesOf = (n: number): number => Math.min(RESAMPLES, Math.floor(DRAWS / n));

const drawn = new Map<number, Uint16Array>();

/** The resamples of n blocks, one after the other. Every loss over as many is resampled alike, so that they are drawn once. */
function drawnBlocks(n: number): Uint16Array {
  const known = drawn.get(n);
  if (known !== undefined) return known;
  const draw = random();
  const blocks = new Uint16Array(resamplesOf(n) * n);
  for (let i = 0; i < blocks.length; i++) blocks[i] = draw(n);
  drawn.set(n, blocks);
  return blocks;
}

/** @param resampled the difference in a resample of `n` documents or blocks, counted from 0 */
function interval(difference: number, n: number, resampled: (at: number) => number): Interval {
  const differences = new Float64Array(resamplesOf(n));
  for (let at = 0; at < differences.length; at++) differences[at] = resampled(at);
  differences.sort();
  return { difference, low: quantile(differences, 0.025), high: quantile(differences, 0.975) };
}

/** Linear interpolation between the sorted values (Hyndman and Fan's definition 7). */
function quantile(sorted: Float64Array, q: number): number {
  const at = q * (sorted.length - 1);
  const below = Math.floor(at);
  const next = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return sorted[below]! + (at - below) * (next - sorted[below]!);
}

const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);
