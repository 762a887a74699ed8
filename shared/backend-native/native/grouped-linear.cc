/**
 * @file Linear layers of which each group of rows has its own, as the experts of a mixture (Gale et al., "MegaBlocks", 2022,
 * https://arxiv.org/abs/2211.15841): rows come sorted by group, and none is padded or dropped.
 */
#include "grouped-products.h"
#include "kernels.h"

namespace arrowsmith {
namespace {

/** Groups of fewer rows go straight from the weight's rows, as packing it would cost more than the products. */
constexpr int64_t kFewRows = 6;

/** Rows [begin, end) of a group. */
struct Rows {
  int64_t begin, count;
};

Rows rowsOf(const int32_t* offsets, int64_t group) { return {offsets[group], offsets[group + 1] - offsets[group]}; }

}  // namespace

void groupedLinear(Precision precision, int64_t groups, const int32_t* offsets, int64_t in, const float* x,
                   const GroupedLayer* layers, int64_t count) {
  std::vector<GroupedProduct> products;
  std::vector<ProductTerm> terms;
  for (int64_t group = 0; group < groups; group++) {
    const auto [begin, rows] = rowsOf(offsets, group);
    for (int64_t i = 0; i < count; i++) {
      const auto& [out, weight, y] = layers[i];
      const Matrix a{x + begin * in, in, false}, b{weight + group * out * in, in, true};
      if (rows < kFewRows) {
        gemm(precision, rows, out, in, a, b, y + begin * out, out, false);
      } else {
        products.push_back({rows, out, y + begin * out});
        terms.push_back({a, b, in});
      }
    }
  }
  multiplyGrouped(precision, products, terms);
}

void groupedLinearGradients(Precision precision, int64_t groups, const int32_t* offsets, int64_t in, const float* x,
                            const LinearLayer* layers, int64_t count, float* dX) {
  std::vector<GroupedProduct> inputs, weights;
  std::vector<ProductTerm> inputTerms, weightTerms;
  for (int64_t group = 0; group < groups; group++) {
    const auto [begin, rows] = rowsOf(offsets, group);
    if (rows > 0) inputs.push_back({rows, in, dX + begin * in});
    for (int64_t i = 0; i < count; i++) {
      const auto& [out, dY, weight, dWeight] = layers[i];
      const float* dRows = dY + begin * out;
      if (rows > 0) inputTerms.push_back({{dRows, out, false}, {weight + group * out * in, in, false}, out});
      weights.push_back({out, in, dWeight + group * out * in});
      weightTerms.push_back({{dRows, out, true}, {x + begin * in, in, false}, rows});
    }
  }
  multiplyGrouped(precision, inputs, inputTerms);
  multiplyGrouped(precision, weights, weightTerms);
}

}  // namespace arrowsmith
