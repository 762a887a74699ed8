/** @file Embeddings from a table as it is stored. */
#include <algorithm>

#include "kernels.h"
#include "parallel.h"
#include "rows.h"

namespace arrowsmith {

void storedEmbedding(int64_t n, const int32_t* ids, const StoredMatrix& table, float scale, float* y) {
  const int64_t d = table.columns;
  if (const BlockFormat* blocks = blockFormat(table.format)) {
    parallelRanges(n, rowsPerPiece(d), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        float* const out = y + i * d;
        blocks->decode(static_cast<const uint8_t*>(table.row(ids[i])), d / blocks->size, out);
        forEachVector(0, d, [&](int64_t j, auto lanes) { lanes.store(out + j, lanes.load(out + j) * splat(scale)); });
      }
    });
    return;
  }
  withElements(table.format, [&](auto elements) {
    using Elements = decltype(elements);
    parallelRanges(n, rowsPerPiece(d), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        const auto* const row = static_cast<const typename Elements::Element*>(table.row(ids[i]));
        const Vec rowScale = splat(table.scales == nullptr ? 1.0f : table.scales[ids[i]]);
        float* const out = y + i * d;
        int64_t j = 0;
        for (; j + kLanes <= d; j += kLanes) store(out + j, Elements::load(row + j) * rowScale * splat(scale));
        if (j < d) storePartial(out + j, Elements::loadPartial(row + j, d - j) * rowScale * splat(scale), d - j);
      }
    });
  });
}

}  // namespace arrowsmith
