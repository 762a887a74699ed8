/** @file Exponents of a channel relative to one of its own, so that channels of all sizes have the same frequent ones. */

/** Bits that heads take by their frequencies, the least for a coder that knows nothing else. */
export function entropyBits(counts: ArrayLike<number>): number {
  let total = 0;
  let bits = 0;
  for (let i = 0; i < counts.length; i++) total += counts[i]!;
  for (let i = 0; i < counts.length; i++) if (counts[i]! > 0) bits -= counts[i]! * Math.log2(counts[i]! / total);
  return bits;
}

/** A matrix [rows, columns] among numbers. */
export interface Region {
  /** Its first number. */
  first: number;
  rows: number;
  columns: number;
}

/**
 * The head of each row that three quarters of its heads are at most: a few outliers do not move it, nor zeros, and magnitudes above it fall off as
 * fast in a row of large numbers as in one of small ones. Zeros in a region whose heads relative to these would take more than they do without.
 *
 * @param heads of some regions, one after the other
 * @returns a base of each row of each region; undefined where they save nothing
 */
export function basesOf(heads: Uint8Array, regions: readonly Region[]): Uint8Array | undefined {
  const bases = regions.map(({ first, rows, columns }) =>
    rowBases(heads.subarray(first, first + rows * columns), rows, columns),
  );
  if (bases.every((each) => each === undefined)) return undefined;
  return new Uint8Array(Buffer.concat(bases.map((each, i) => each ?? new Uint8Array(regions[i]!.rows))));
}

function rowBases(heads: Uint8Array, rows: number, columns: number): Uint8Array | undefined {
  const bases = new Uint8Array(rows);
  const [plain, relative, ofRow] = [new Float64Array(256), new Float64Array(256), new Uint32Array(256)];
  for (let row = 0; row < rows; row++) {
    ofRow.fill(0);
    for (let i = row * columns; i < (row + 1) * columns; i++) ofRow[heads[i]!]!++;
    let base = 0;
    for (let seen = 0; base < 255; base++) {
      seen += ofRow[base]!;
      if (4 * seen >= 3 * columns) break;
    }
    bases[row] = base;
    for (let head = 0; head < 256; head++) {
      plain[head]! += ofRow[head]!;
      relative[(head - base) & 255]! += ofRow[head]!;
    }
  }
  return entropyBits(relative) + 8 * rows < entropyBits(plain) ? bases : undefined;
}

/** Adds the base of its row to each head, modulo 256. @param first number of the first head in all regions, which are one after the other */
export function addBases(
  heads: Uint8Array,
  first: number,
  regions: readonly Region[],
  bases: Uint8Array,
  sign: 1 | -1 = 1,
): void {
  let ofRegion = 0; // the first of its bases
  for (const region of regions) {
    const end = Math.min(heads.length, region.first + region.rows * region.columns - first);
    for (let i = Math.max(0, region.first - first); i < end;) {
      const row = Math.floor((first + i - region.first) / region.columns);
      const endOfRow = Math.min(end, region.first + (row + 1) * region.columns - first);
      const base = sign * bases[ofRegion + row]!;
      for (; i < endOfRow; i++) heads[i]! += base;
    }
    ofRegion += region.rows;
  }
}
