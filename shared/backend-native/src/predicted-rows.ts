/** @file What the kernel `addResidualsBf16` is told of rows; the same as of the backends’ package, which this one does not know. */

/** Of each row: which of the distinct rows predicts it, which residual it has (−1: it is the distinct row itself), by which angles it is rotated. */
export interface PredictedRowsOf {
  distinct: Int32Array;
  residual: Int32Array;
  angle: Int32Array;
  /** [angles, pairs] */
  cos: Float32Array;
  sin: Float32Array;
  pairs: number;
  headDim: number;
  interleaved: boolean;
}
