/** @file Linear layers by groups of rows, the experts of a mixture, with matrices as they are stored. */
#include <vector>

#include "kernels.h"

namespace arrowsmith {

void storedGroupedLinear(int64_t groups, const int32_t* offsets, const float* x, const StoredLayer* layers, int64_t count,
                         InputPrecision inputs) {
  std::vector<StoredProduct> products;
  for (int64_t group = 0; group < groups; group++) {
    const int64_t begin = offsets[group], n = offsets[group + 1] - begin;
    if (n == 0) continue;
    for (int64_t i = 0; i < count; i++) {
      const StoredMatrix& all = layers[i].matrix;
      const int64_t out = all.rows / groups;
      products.push_back({all.part(group * out, out), n, x + begin * all.columns, nullptr, layers[i].y + begin * out, inputs});
    }
  }
  multiplyStored(products.data(), static_cast<int64_t>(products.size()));
}

}  // namespace arrowsmith
