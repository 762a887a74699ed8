/** @file Tests of embeddings from stored tables, and of rows that are written into a table. */
#include <vector>

#include "../kernels.h"
#include "stored.h"

using namespace arrowsmith;
using namespace arrowsmith::test;

TEST("a stored table's rows are decoded, and then scaled") {
  for (const Format format : kAllFormats) {
    for (const int64_t d : {1, 16, 77}) {
      const RandomMatrix table(format, 9, d, 1);
      const std::vector<int32_t> ids{8, 0, 3, 3};
      std::vector<float> y(static_cast<size_t>(4 * d), kNaN), expected;
      for (const int32_t id : ids) {
        for (const float value : rowsOf(table.values, d, id, 1)) expected.push_back(value * 2.5f);
      }
      storedEmbedding(4, ids.data(), table.stored(), 2.5f, y.data());
      CHECK_SAME_BITS(y, expected);
    }
  }
}

TEST("rows are written to their slots, and no others") {
  const std::vector<float> before = randomFloats(9 * 5, 1), rows = randomFloats(3 * 5, 2);
  const std::vector<int32_t> at{7, 0, 4};
  std::vector<float> table = before, expected = before;
  for (size_t i = 0; i < 3; i++) std::copy(rows.begin() + i * 5, rows.begin() + (i + 1) * 5, expected.begin() + at[i] * 5);
  writeRows(3, 5, at.data(), rows.data(), table.data());
  CHECK_SAME_BITS(table, expected);
}
