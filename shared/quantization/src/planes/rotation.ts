/**
 * @file Rotations of keys from one position to another (rotary position embedding, https://arxiv.org/abs/2104.09864): what a token's key would be
 * elsewhere in a text, as far as it depends on the token alone.
 */

/** How keys depend on positions. */
export interface Rotary {
  /** Of each row. */
  positions: ArrayLike<number>;
  /** Numbers of a head; a row has a whole number of heads. */
  headDim: number;
  /** The angle per position of each pair, in radians; pairs are at most half of a head, which they begin. */
  frequencies: ArrayLike<number>;
  /** Whether the numbers of a pair are neighbours; otherwise the second ones follow all first ones. */
  interleaved: boolean;
}

/** Cosines and sines of the angles by which rows are rotated. */
export interface Rotations {
  headDim: number;
  interleaved: boolean;
  pairs: number;
  /** Of each row, which of the angles; 0 where it is not rotated. */
  angle: Int32Array<ArrayBuffer>;
  /** [angles, pairs] */
  cos: Float32Array<ArrayBuffer>;
  sin: Float32Array<ArrayBuffer>;
}

/**
 * The rotations from the rows' references to the rows.
 *
 * @param references the row that each is rotated from
 */
export function rotationsOf(rotary: Rotary | undefined, references: Int32Array, columns: number): Rotations {
  const angle = new Int32Array(references.length);
  if (rotary === undefined) {
    const none = { pairs: 0, cos: new Float32Array(0), sin: new Float32Array(0) };
    return { headDim: columns, interleaved: false, angle, ...none };
  }
  const { positions, frequencies, headDim, interleaved } = rotary;
  const distances: number[] = [];
  const known = new Map<number, number>();
  for (let row = 0; row < references.length; row++) {
    const distance = positions[row]! - positions[references[row]!]!;
    let number = known.get(distance);
    if (number === undefined) {
      number = distances.push(distance) - 1;
      known.set(distance, number);
    }
    angle[row] = number;
  }
  const pairs = frequencies.length;
  const [cos, sin] = [new Float32Array(distances.length * pairs), new Float32Array(distances.length * pairs)];
  for (const [row, distance] of distances.entries()) {
    for (let pair = 0; pair < pairs; pair++) {
      const [c, s] = cosineAndSine(distance * frequencies[pair]!);
      cos[row * pairs + pair] = c;
      sin[row * pairs + pair] = s;
    }
  }
  return { headDim, interleaved, pairs, angle, cos, sin };
}

/** π/2, of which the first has 33 bits, so that small multiples of it are exact. */
const [HALF_PI, HALF_PI_REST] = [1.5707963267341256, 6.077100506506192e-11];

/** Taylor's series, for angles within an eighth of a turn: what a term has of the one before, from the last one on. */
const OF_COSINE = Float64Array.of(12, 10, 8, 6, 4, 2).map((n) => 1 / (n * (n - 1)));
const OF_SINE = Float64Array.of(12, 10, 8, 6, 4, 2).map((n) => 1 / (n * (n + 1)));

/**
 * By operations whose bits IEEE 754 names, unlike those of Math.cos: what was written with one version of Node is read with another. To about 1e-9 for
 * angles up to a million.
 */
function cosineAndSine(angle: number): [number, number] {
  const turns = Math.floor(angle / (HALF_PI + HALF_PI_REST) + 0.5);
  const x = angle - turns * HALF_PI - turns * HALF_PI_REST;
  const square = x * x;
  let c = 1;
  let s = 1;
  for (let i = 0; i < OF_COSINE.length; i++) {
    c = 1 - square * c * OF_COSINE[i]!;
    s = 1 - square * s * OF_SINE[i]!;
  }
  s *= x;
  switch (((turns % 4) + 4) % 4) {
    case 0:
      return [c, s];
    case 1:
      return [-s, c];
    case 2:
      return [-c, -s];
    default:
      return [s, -c];
  }
}
