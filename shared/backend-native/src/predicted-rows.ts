/** @file What the kernel `addResidualsBf16` is told of rows. */

/** Of each row: which of the distinct rows predicts it, which residual it has (−1: it is the distinct row itself), by which angles it is rotated. */
export interface PredictedRowsOf {
  distinct: Int32Array;
  residual: Int32Array;
  angle: Int32Array;
  /** [angles, pairs]; empty where there are no pairs. */
  cos: Float32Array;
  sin: Float32Array;
  /** Of a head that are rotated, by which numbers a head has, and whether a pair's numbers are neighbours. */
  pairs: number;
  headDim: number;
  interleaved: boolean;
}
