/** @file Tests of rows that are quantized while they are written. */
#include <cmath>
#include <vector>

#include "check.h"
#include "int8-table.h"

using namespace arrowsmith;
using namespace arrowsmith::test;

namespace {

/** What the rows from a slot on stand for. */
std::vector<float> valuesOf(Int8Table& table, int64_t first, int64_t count) {
  const Int8Rows rows = table.rows();
  std::vector<float> values;
  for (int64_t slot = first; slot < first + count; slot++) {
    for (int64_t head = 0; head < table.heads; head++) {
      for (int64_t i = 0; i < table.headDim; i++) values.push_back(rows.scale(slot, head) * rows.head(slot, head)[i]);
    }
  }
  return values;
}

}  // namespace

TEST("rows are written as the nearest that int8 has with a scale for each head, and nowhere else") {
  for (const int64_t headDim : {1, 7, 16, 48, 100}) {
    const std::vector<float> rows = randomFloats(40 * 3 * headDim, 5, -3, 3);
    Int8Table table(44, 3, headDim);
    const Int8Table before = table;
    table.write(2, rows);
    CHECK_SAME_BITS(valuesOf(table, 2, 40), nearestInt8(rows, headDim));
    for (const int64_t slot : {0, 1, 42, 43}) {
      const int64_t word = slot * table.rowWords;
      CHECK(std::equal(table.words.begin() + word, table.words.begin() + word + table.rowWords, before.words.begin() + word));
      for (int64_t i = 0; i < table.rowScales; i++) CHECK(table.scales[static_cast<size_t>(slot * table.rowScales + i)] == 7);
    }
    for (int64_t i = 1; i < table.rowScales; i += 2) CHECK(table.scales[static_cast<size_t>(2 * table.rowScales + i)] == 7);
    for (int64_t slot = 0; slot < 44; slot++) CHECK(table.words[static_cast<size_t>((slot + 1) * table.rowWords - 1)] == 0x55555555);
  }
}

TEST("halves are rounded away from zero, and the largest is 127") {
  Int8Table table(1, 1, 9);
  table.write(0, {127, -127, 0.5f, -0.5f, 1.5f, -2.5f, 0.49999997f, -0.49999997f, 126.5f});
  const std::vector<float> expected{127, -127, 1, -1, 2, -3, 0, 0, 127};
  CHECK(valuesOf(table, 0, 1) == expected);
}

TEST("a head of zeros, or of next to nothing, is zeros; numbers that are none are not lost") {
  Int8Table table(1, 4, 2);
  table.write(0, {0, -0.0f, 1e-38f, -1e-40f, kNaN, 1, -__builtin_inff(), 1});
  const Int8Rows rows = table.rows();
  CHECK(rows.scale(0, 0) == 0 && rows.scale(0, 1) == 0);
  CHECK(std::isnan(rows.scale(0, 2)) && std::isinf(rows.scale(0, 3)));
  for (int64_t head = 0; head < 4; head++) CHECK(rows.head(0, head)[0] == 0 && rows.head(0, head)[1] == 0);
}
