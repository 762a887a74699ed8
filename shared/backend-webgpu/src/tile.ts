/** @file A tile of a product of matrices, which the threads of a workgroup compute together: what shaders of products have in common. */
import { factorDeclarations, type Operand } from './operand.ts';

/** Rows and columns of a workgroup's tile of the product, and terms of its sums at a time. */
export const TILE = 64;
const DEPTH = 16;
/** A thread has so many rows and columns of the tile. */
const PER_THREAD = 4;
/** Threads of a workgroup, in both directions. */
export const SIDE: number = TILE / PER_THREAD;

/** Statements for each of a thread's rows, or columns: an array of sums might end up in memory. */
const eachRow = (statement: (i: number) => string): string =>
  Array.from({ length: PER_THREAD }, (_, i) => statement(i)).join('\n');

export const tileDeclarations = (operand: Operand): string => `
${factorDeclarations(operand)}
const TILE = ${TILE}u;
const DEPTH = ${DEPTH}u;
var<workgroup> rowsOfA: array<Factor, ${TILE * DEPTH}>;
var<workgroup> columnsOfB: array<Factor, ${TILE * DEPTH}>;
`;

/**
 * Code that sums the products of a tile from `begin` to before `end`, and writes them. The shader has `firstRow` and `firstColumn`, functions
 * `aAt(row, term)` and `bAt(term, column)`, which are 0 outside of the matrices, and `write(row, column, sum)`.
 *
 * @param transposed which of the factors is stored so that rows of A, or terms of B, are neighbours: neighbouring threads read neighbouring memory
 */
export const tileProduct = (
  begin: string,
  end: string,
  { transposeA, transposeB }: { transposeA: boolean; transposeB: boolean },
): string => `
${eachRow((i) => eachRow((j) => `var sum${i}${j} = 0.0;`))}
  for (var first = ${begin}; first < ${end}; first += DEPTH) {
    for (var part = lane; part < TILE * DEPTH; part += ${SIDE * SIDE}u) {
      let aRow = ${transposeA ? 'part % TILE' : 'part / DEPTH'};
      let aTerm = ${transposeA ? 'part / TILE' : 'part % DEPTH'};
      rowsOfA[aTerm * TILE + aRow] = rounded(aAt(firstRow + aRow, first + aTerm));
      let bColumn = ${transposeB ? 'part / DEPTH' : 'part % TILE'};
      let bTerm = ${transposeB ? 'part % DEPTH' : 'part / TILE'};
      columnsOfB[bTerm * TILE + bColumn] = rounded(bAt(first + bTerm, firstColumn + bColumn));
    }
    workgroupBarrier();
    for (var term = 0u; term < DEPTH; term++) {
${eachRow((i) => `let left${i} = f32(rowsOfA[term * TILE + local.y * ${PER_THREAD}u + ${i}u]);`)}
${eachRow((j) => `let right${j} = f32(columnsOfB[term * TILE + local.x + ${j * SIDE}u]);`)}
${eachRow((i) => eachRow((j) => `sum${i}${j} = fma(left${i}, right${j}, sum${i}${j});`))}
    }
    workgroupBarrier();
  }
${eachRow((i) => eachRow((j) => `write(firstRow + local.y * ${PER_THREAD}u + ${i}u, firstColumn + local.x + ${j * SIDE}u, sum${i}${j});`))}
`;
