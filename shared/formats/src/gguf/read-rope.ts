/** @file How a GGUF file stretches rotary positions: by metadata, or by a factor for each pair, of which Llama 3's scaling is found again. */
import { UserError } from '@arrowsmith/errors';
import { LARGEST_SIZE, scaledFrequencies, type RopeScaling } from '@arrowsmith/model';
import { decodeStored } from '@arrowsmith/quantization';
import { shortened } from '../shortened.ts';
import { type MetadataFields, shortestDecimal } from './metadata-fields.ts';
import type { GgufFile } from './read-gguf.ts';

export const ROPE_FACTORS = 'rope_freqs.weight';

/** By which factors may differ from what a scaling gives: some converters compute them in float32. */
const TOLERANCE = 1e-5;

/**
 * The scaling of a model; undefined where it has none.
 *
 * @param readsFactors whether llama.cpp reads `rope_freqs` of this architecture
 * @throws UserError for a kind of scaling, or factors, that are not supported
 */
export function ropeScalingOf(
  fields: MetadataFields,
  file: GgufFile,
  headDim: number,
  readsFactors: boolean,
): RopeScaling | undefined {
  const factor = fields.float('rope.scaling.factor', fields.float('rope.scale_linear', 1)) || 1;
  const type = fields.text('rope.scaling.type', 'linear'); // llama.cpp's default, which does nothing without a factor
  const stretched = scalingOf(fields, type, factor);
  const factors = readsFactors && file.tensors.has(ROPE_FACTORS) ? factorsOf(file) : undefined;
  if (factors === undefined) return stretched;
  if (stretched !== undefined) throw fields.wrong('rope.scaling.type', `none beside ${ROPE_FACTORS}`, type);
  const found = llama3Scaling(factors, fields.float('rope.freq_base', 10000), headDim);
  if (found !== undefined) return found;
  throw new UserError({
    what: `the GGUF file stretches positions by factors that are not Llama 3’s`,
    where: `${file.path}, ${ROPE_FACTORS}`,
    expected: `${headDim / 2} factors, from 1 to the largest, by wavelength as Llama 3 has them`,
    found: shortened([...factors].map((each) => Number(each.toPrecision(4))).join(', ')),
    fix: 'import the Hugging Face folder of the model, whose config.json says what is meant',
  });
}

function scalingOf(fields: MetadataFields, type: string, factor: number): RopeScaling | undefined {
  const amplitude = fields.float('rope.scaling.attn_factor', 1);
  if (type === 'yarn') {
    const originalContextLength = fields.size('rope.scaling.original_context_length', fields.size('context_length'));
    const usual = 0.1 * Math.log(factor) + 1; // what llama.cpp has by itself
    const attentionFactor = shortestDecimal(amplitude * usual, (value) => value / usual);
    return {
      kind: 'yarn',
      factor,
      originalContextLength,
      betaFast: 32,
      betaSlow: 1,
      ...(amplitude === 1 ? {} : { attentionFactor }),
    };
  }
  if (amplitude !== 1) throw fields.wrong('rope.scaling.attn_factor', '1 without YaRN', amplitude);
  if (type === 'none' || (type === 'linear' && factor === 1)) return undefined;
  if (type === 'linear') return { kind: 'linear', factor };
  throw fields.wrong('rope.scaling.type', 'none, linear or yarn', type, 'other kinds are not supported');
}

function factorsOf(file: GgufFile): Float32Array | undefined {
  const factors = decodeStored(file.read(ROPE_FACTORS));
  return factors.every((factor) => factor === 1) ? undefined : factors;
}

/** Turns within the original context: from how many on wavelengths stay, and below how many they are stretched by the whole factor. */
const USUAL_TURNS = [
  [1, 4],
  [1, 1],
] as const;

/**
 * The scaling of Llama 3 that has these factors. Wavelengths between the two limits have factors f with 1 / f linear in the frequency, so that two of them
 * tell the limits; where there are fewer, those that all published models have are tried with powers of two as the original context.
 */
function llama3Scaling(factors: Float32Array, theta: number, headDim: number): RopeScaling | undefined {
  if (factors.length !== headDim / 2) return undefined;
  const { frequencies } = scaledFrequencies({ theta, interleaved: false }, headDim);
  const largest = factors.reduce((most, each) => Math.max(most, each), 1);
  const factor = Math.abs(largest - Math.round(largest)) < TOLERANCE * largest ? Math.round(largest) : largest;
  const candidates = [...solved(factors, frequencies, factor)];
  for (const [low, high] of USUAL_TURNS) {
    for (let context = 2; context <= LARGEST_SIZE; context *= 2) candidates.push({ low, high, context });
  }
  const fits = candidates.map(({ low, high, context }) => {
    const scaling: RopeScaling = {
      kind: 'llama3',
      factor,
      lowFrequencyFactor: low,
      highFrequencyFactor: high,
      originalContextLength: context,
    };
    const scaled = scaledFrequencies({ theta, interleaved: false, scaling }, headDim).frequencies;
    const error = factors.reduce((most, each, pair) => {
      const own = (frequencies[pair] ?? NaN) / (scaled[pair] ?? NaN);
      return Math.max(most, Math.abs(Math.fround(own) - each) / each);
    }, 0);
    return { scaling, error };
  });
  const best = fits.reduce<(typeof fits)[number] | undefined>(
    (least, each) => (least === undefined || each.error < least.error ? each : least),
    undefined,
  );
  return best !== undefined && best.error <= TOLERANCE ? best.scaling : undefined;
}

/** Limits by the first and the last wavelength between them: the low one is 1, as of all published models. */
function* solved(factors: Float32Array, frequencies: Float64Array, factor: number) {
  const between = [...factors.keys()].filter((pair) => {
    const each = factors[pair] ?? NaN;
    return each > 1 + TOLERANCE && each < factor * (1 - TOLERANCE);
  });
  const [first, last] = [between[0], between.at(-1)];
  if (first === undefined || last === undefined || first === last) return;
  const share = (pair: number) => (1 / (factors[pair] ?? NaN) - 1 / factor) / (1 - 1 / factor);
  const [x0, x1] = [frequencies[first] ?? NaN, frequencies[last] ?? NaN];
  const slope = (share(first) - share(last)) / (x0 - x1); // context / (2π (high − low))
  const offset = slope * x1 - share(last); // low / (high − low)
  if (!(slope > 0) || !(offset > 0)) return;
  const span = 1 / offset;
  const high = Number((1 + span).toPrecision(5));
  const context = Math.round(2 * Math.PI * slope * span);
  if (context >= 1 && context <= LARGEST_SIZE && high > 1) yield { low: 1, high, context };
}
