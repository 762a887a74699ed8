/**
 * @file Keys and values clustered across tokens: numbers of a channel side by side, as they are alike in size and sign, which those of a token are not;
 * and a token's first vector before all others of that token, which it predicts.
 */
import type { GatherColumns16 } from '@arrowsmith/backend';
import type { NumberLayout } from './number-layout.ts';
import { numbersOf, wordsOf } from './regroup.ts';
import type { References } from './residuals.ts';

/** Numbers of a tile's side: two tiles are in the nearest cache, whatever the strides. */
const TILE = 64;

/** @returns of each row 0 where it is the first of its token, and else 1 more than the number of that one among the first ones */
export function indexOf(tokens: ArrayLike<number>): Uint32Array<ArrayBuffer> {
  const seen = new Map<number, number>();
  return Uint32Array.from(tokens, (token) => {
    const known = seen.get(token);
    if (known !== undefined) return known + 1;
    seen.set(token, seen.size);
    return 0;
  });
}

/** What an index says; undefined where it names rows that there are not yet, or has another number of distinct ones. */
export function referencesOf(index: Uint32Array, distinct: number): References | undefined {
  const [ofRow, residual] = [new Int32Array(index.length), new Int32Array(index.length)];
  let [known, predicted] = [0, 0];
  for (let row = 0; row < index.length; row++) {
    const each = index[row]!;
    if (each > known) return undefined;
    ofRow[row] = each === 0 ? known++ : each - 1;
    residual[row] = each === 0 ? -1 : predicted++;
  }
  return known === distinct ? { distinct: ofRow, residual } : undefined;
}

/** The row that each row is predicted from; itself, where it is distinct. */
export function predictors({ distinct, residual }: References): Int32Array<ArrayBuffer> {
  const [firsts, rows] = [new Int32Array(distinct.length), new Int32Array(distinct.length)];
  for (let row = 0; row < rows.length; row++) {
    if (residual[row]! < 0) firsts[distinct[row]!] = row;
    rows[row] = firsts[distinct[row]!]!; // a first row comes before all others of its token
  }
  return rows;
}

/** @param bytes [rows, columns], aligned for numbers @returns [columns, rows] */
export function transpose(layout: NumberLayout, bytes: Uint8Array, rows: number, columns: number): Uint8Array {
  const transposed = new Uint8Array(bytes.length);
  const [from, to] = [numbersOf(layout, bytes), numbersOf(layout, transposed)];
  forEachOfTiles(rows, columns, (row, column) => (to[column * rows + row] = from[row * columns + column]!));
  return transposed;
}

/**
 * The matrix that {@link transpose} was given.
 *
 * @param bytes [columns, rows]
 * @param to where it is put, [rows, columns]
 * @param kernel a backend's, which gives the same
 */
export function transposeBack(
  layout: NumberLayout,
  bytes: Uint8Array,
  rows: number,
  columns: number,
  to: Uint8Array,
  kernel?: GatherColumns16,
): void {
  if (kernel !== undefined && layout.bits === 16 && columns % 2 === 0 && to.length > 0) {
    const inOrder = new Int32Array(rows);
    for (let row = 0; row < rows; row++) inOrder[row] = row;
    kernel(inOrder, wordsOf(bytes), wordsOf(to));
    return;
  }
  const [from, numbers] = [numbersOf(layout, bytes), numbersOf(layout, to)];
  forEachOfTiles(rows, columns, (row, column) => (numbers[row * columns + column] = from[column * rows + row]!));
}

function forEachOfTiles(rows: number, columns: number, f: (row: number, column: number) => void): void {
  for (let top = 0; top < rows; top += TILE) {
    for (let left = 0; left < columns; left += TILE) {
      for (let column = left; column < Math.min(left + TILE, columns); column++) {
        for (let row = top; row < Math.min(top + TILE, rows); row++) f(row, column);
      }
    }
  }
}
