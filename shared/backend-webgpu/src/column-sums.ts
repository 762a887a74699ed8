/** @file Sums over the rows of a matrix, for each of its columns, always in the same order: what shaders of such sums have in common. */
import { THREADS } from './shader.ts';

/** Columns of a workgroup of {@link THREADS} threads, of which neighbours read neighbouring memory. */
const COLUMNS = 16;
const ROWS_AT_ONCE = THREADS / COLUMNS;

/** Workgroups for a matrix of d columns. */
export const columnGroups = (d: number): [number] => [Math.ceil(d / COLUMNS)];

/** `overRows(part, lane)`: the sum of all parts of a column, in the first threads, of which each has a `column`. */
export const OVER_ROWS = `
var<workgroup> parts: array<f32, ${THREADS}>;
fn overRows(part: f32, lane: u32) -> f32 {
  workgroupBarrier(); // an earlier call may still read
  parts[lane] = part;
  workgroupBarrier();
  var total = 0.0;
  if (lane < ${COLUMNS}u) {
    for (var i = lane; i < ${THREADS}u; i += ${COLUMNS}u) { total += parts[i]; }
  }
  return total;
}
`;

/** Begin of a body with {@link columnGroups} workgroups, of `parameters.d` columns. */
export const EACH_COLUMN = `let column = group.x * ${COLUMNS}u + lane % ${COLUMNS}u;`;

/** Statement that adds up a term of each of a thread's rows, of `parameters.n` in all, into a variable; the term has `row` and its place `at`. */
export const sumOfRows = (variable: string, term: string): string => `
  var ${variable} = 0.0;
  if (column < parameters.d) {
    for (var row = lane / ${COLUMNS}u; row < parameters.n; row += ${ROWS_AT_ONCE}u) {
      let at = row * parameters.d + column;
      ${variable} += ${term};
    }
  }
`;

/** Whether a thread writes what {@link OVER_ROWS | overRows} returned. */
export const WRITES_COLUMN = `lane < ${COLUMNS}u && column < parameters.d`;
