/** @file Linear layers without bias, and their gradients: three matrix products. */
#include "kernels.h"

namespace arrowsmith {

void linear(Precision precision, int64_t n, int64_t in, int64_t out, const float* x, const float* weight, float* y) {
  gemm(precision, n, out, in, {x, in, false}, {weight, in, true}, y, out, false);
}

void linearInputGradient(Precision precision, int64_t n, int64_t in, int64_t out, const float* dY, const float* weight,
                         float* dX, bool accumulate) {
  gemm(precision, n, in, out, {dY, out, false}, {weight, in, false}, dX, in, accumulate);
}

void linearWeightGradient(Precision precision, int64_t n, int64_t in, int64_t out, const float* dY, const float* x,
                          float* dWeight) {
  gemm(precision, out, in, n, {dY, out, true}, {x, in, false}, dWeight, in, false);
}

}  // namespace arrowsmith
