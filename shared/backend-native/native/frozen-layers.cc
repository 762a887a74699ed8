/**
 * @file Layers whose matrices training leaves as they are, in whatever format: their products, and gradients by what they are multiplied with. The
 * floats of a matrix exist while it is multiplied with, and no longer, so that products are those of its floats bit for bit.
 */
#include "gemm.h"
#include "kernels.h"
#include "scratch.h"

namespace arrowsmith {
namespace {

/** Fewer rows, as of a text that is being written, are multiplied with the matrix as it is stored, as no other rows would share its floats. */
constexpr int64_t kLeastRows = 8;

/** The floats of a matrix, in a buffer that the next matrix takes; where it is stored as floats, these. */
const float* floatsOf(const StoredMatrix& matrix) {
  if (matrix.format == Format::f32) return static_cast<const float*>(matrix.row(0));
  float* const floats = scratchFloats(Scratch::frozenMatrix, matrix.rows * matrix.columns);
  decodeMatrix(matrix, floats);
  return floats;
}

}  // namespace

void frozenLinear(Precision precision, int64_t n, const StoredMatrix& matrix, const float* x, const float* residual, float* y) {
  if (n < kLeastRows) {
    StoredProduct product{matrix, n, x, residual, y};
    return multiplyStored(&product, 1);
  }
  linear(precision, n, matrix.columns, matrix.rows, x, floatsOf(matrix), residual, y);
}

void frozenLinearGradient(Precision precision, int64_t n, const FrozenLayer* layers, int64_t count, float* dX) {
  for (int64_t i = 0; i < count; i++) {
    const auto& [matrix, dY] = layers[i];
    const int64_t in = matrix.columns, out = matrix.rows;
    gemm(precision, n, in, out, {dY, out, false}, {floatsOf(matrix), in, false}, dX, in, i > 0);
  }
}

void frozenGroupedLinear(Precision precision, int64_t groups, const int32_t* offsets, const float* x, const StoredLayer* layers,
                         int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    const StoredMatrix& all = layers[i].matrix;
    const int64_t in = all.columns, out = all.rows / groups;
    for (int64_t group = 0; group < groups; group++) {
      const int64_t begin = offsets[group], n = offsets[group + 1] - begin;
      if (n == 0) continue;
      const Matrix weight{floatsOf(all.part(group * out, out)), in, true};
      gemm(precision, n, out, in, {x + begin * in, in, false}, weight, layers[i].y + begin * out, out, false);
    }
  }
}

void frozenGroupedLinearGradient(Precision precision, int64_t groups, const int32_t* offsets, const FrozenLayer* layers, int64_t count,
                                 float* dX) {
  for (int64_t i = 0; i < count; i++) {
    const auto& [all, dY] = layers[i];
    const int64_t in = all.columns, out = all.rows / groups;
    for (int64_t group = 0; group < groups; group++) {
      const int64_t begin = offsets[group], n = offsets[group + 1] - begin;
      if (n == 0) continue;
      const Matrix weight{floatsOf(all.part(group * out, out)), in, false};
      gemm(precision, n, in, out, {dY + begin * out, out, false}, weight, dX + begin * in, in, i > 0);
    }
  }
}

void frozenTokenLosses(Precision precision, int64_t n, const StoredMatrix& matrix, const float* x, const int32_t* targets, float* losses,
                       const LogitOptions& options) {
  tokenLosses(precision, n, matrix.columns, matrix.rows, x, floatsOf(matrix), targets, losses, options);
}

double frozenLinearCrossEntropy(Precision precision, int64_t n, const StoredMatrix& matrix, const float* x, const int32_t* targets,
                                float* dX, const LogitOptions& options) {
  return linearCrossEntropy(precision, n, matrix.columns, matrix.rows, x, floatsOf(matrix), targets, dX, nullptr, options);
}

}  // namespace arrowsmith
