/** @file Linear layers without bias, and their gradients. */
#include <vector>

#include "kernels.h"
#include "tall-products.h"

namespace arrowsmith {

void linear(Precision precision, int64_t n, int64_t in, int64_t out, const float* x, const float* weight, const float* residual,
            float* y) {
  gemm(precision, n, out, in, {x, in, false}, {weight, in, true}, y, {residual, nullptr});
}

void linearGradients(Precision precision, int64_t n, int64_t in, const float* x, const LinearLayer* layers, int64_t count,
                     float* dX) {
  for (int64_t i = 0; i < count; i++) {
    const LinearLayer& layer = layers[i];
    gemm(precision, n, in, layer.out, {layer.dY, layer.out, false}, {layer.weight, in, false}, dX, in, i > 0);
  }
  std::vector<TallProduct> products;
  for (int64_t i = 0; i < count; i++) {
    products.push_back({layers[i].out, layers[i].dY, layers[i].out, layers[i].dWeight, in, false});
  }
  multiplyTall(precision, n, in, x, in, products.data(), count);
}

}  // namespace arrowsmith
