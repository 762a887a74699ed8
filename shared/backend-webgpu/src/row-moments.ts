/** @file The mean and the variance of a row: what shaders of norms have in common. */
import { EACH_ROW, ROW_THREADS } from './shader.ts';

/**
 * Begin of a body with a workgroup of {@link ROW_THREADS} for each row of `x`, and with `sumOf`: the row begins at `first`, and has the mean `middle` and the
 * `variance`.
 */
export const ROW_MOMENTS = `${EACH_ROW}
  let first = row * parameters.d;
  var part = 0.0;
  for (var j = lane; j < parameters.d; j += ${ROW_THREADS}u) { part += x[first + j]; }
  let middle = sumOf(part, lane) / f32(parameters.d);
  var squares = 0.0;
  for (var j = lane; j < parameters.d; j += ${ROW_THREADS}u) {
    let centered = x[first + j] - middle;
    squares += centered * centered;
  }
  let variance = sumOf(squares, lane) / f32(parameters.d);
`;
