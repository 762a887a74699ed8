/** @file Rows that are quantized to int8 while they take the place of others in a table. */
#include "int8-rows.h"
#include "kernels.h"
#include "parallel.h"
#include "quantize-int8.h"
#include "rows.h"

namespace arrowsmith {

void writeRowsInt8(int64_t n, int64_t heads, int64_t headDim, const int32_t* at, const float* rows, const Int8Rows& table) {
  parallelRanges(n, rowsPerPiece(heads * headDim), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      for (int64_t head = 0; head < heads; head++) {
        table.scale(at[i], head) = quantizeInt8(rows + (i * heads + head) * headDim, headDim, table.head(at[i], head));
      }
    }
  });
}

}  // namespace arrowsmith
