/** @file Linear layers without bias, and their gradients. */
#include <vector>

#include "grouped-products.h"
#include "kernels.h"
#include "tall-products.h"

namespace arrowsmith {

void linear(Precision precision, int64_t n, int64_t in, int64_t out, const float* x, const float* weight, const float* residual,
            float* y) {
  gemm(precision, n, out, in, {x, in, false}, {weight, in, true}, y, {residual, nullptr, true});
}

void linearGradients(Precision precision, int64_t n, int64_t in, const float* x, const LinearLayer* layers, int64_t count,
                     float* dX) {
  std::vector<ProductTerm> terms;
  std::vector<TallProduct> products;
  for (int64_t i = 0; i < count; i++) {
    const auto [out, dY, weight, dWeight] = layers[i];
    terms.push_back({{dY, out, false}, {weight, in, false}, out});
    products.push_back({out, dY, out, dWeight, in, false});
  }
  multiplyGrouped(precision, {{n, in, dX}}, terms);
  multiplyTall(precision, n, in, x, in, products.data(), count);
}

}  // namespace arrowsmith
