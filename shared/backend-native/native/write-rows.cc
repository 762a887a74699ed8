/** @file Rows of a table that take the place of others. */
#include <algorithm>
#include <cstring>

#include "kernels.h"
#include "parallel.h"
#include "rows.h"

namespace arrowsmith {

void writeRows(int64_t n, int64_t d, const int32_t* at, const float* rows, float* table) {
  parallelRanges(n, rowsPerPiece(d), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) std::memcpy(table + at[i] * d, rows + i * d, static_cast<size_t>(d) * sizeof(float));
  });
}

}  // namespace arrowsmith
