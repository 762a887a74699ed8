/** @file Tests of attention over keys and values of int8 in blocks of a table. */
#include <vector>

#include "../kernels.h"
#include "check.h"
#include "int8-table.h"
#include "pages.h"

using namespace arrowsmith;
using namespace arrowsmith::test;

namespace {

/** What the pages have, in one table: keys in its first half. What nobody may read has NaN as its scale. */
Int8Table tableOf(const Pages& pages) {
  const PagesOptions& options = pages.all.options;
  Int8Table table(2 * pages.slots, options.keyHeads, options.headDim);
  table.write(0, pages.k);
  table.write(pages.slots, pages.v);
  return table;
}

std::vector<float> attend(const Pages& pages) {
  checkPages("pagedAttentionInt8", pages.callOfOneTable(), static_cast<int64_t>(pages.blocks.size()), pages.all.options.bitmapCount());
  Int8Table table = tableOf(pages);
  std::vector<float> out(pages.q.size(), kNaN);
  pagedAttentionInt8(pages.callOfOneTable(), table.rows(), out.data());
  return out;
}

}  // namespace

TEST("queries attend to keys and values of int8 as to what these stand for") {
  for (const PagesOptions& options : kPagesOptions) {
    const Sequences sequences(options, {70, 1, 600});
    Sequences stored = sequences;
    stored.k = nearestInt8(sequences.k, options.headDim);
    stored.v = nearestInt8(sequences.v, options.headDim);
    const std::vector<double> expected = stored.expected();
    for (const int64_t blockSize : {1, 16, 100}) {
      const Pages all(sequences, blockSize, {{0, 70}, {1, 1}, {2, 600}}), some(sequences, blockSize, {{2, 9}, {0, 1}, {2, 1}});
      CHECK_CLOSE(attend(all), all.select(expected), 2e-6);
      CHECK_CLOSE(attend(some), some.select(expected), 2e-6);
    }
  }
}

TEST("with keys and values of int8 a query's bits do not depend on other queries, other sequences, blocks, or threads") {
  for (const PagesOptions& options : kPagesOptions) {
    const Sequences sequences(options, {300, 1, 700});
    const Pages all(sequences, 16, {{0, 300}, {1, 1}, {2, 700}});
    const std::vector<float> expected = attend(all);
    CHECK_SAME_FOR_ANY_THREADS([&] { return attend(all); });
    for (const int64_t blockSize : {1, 7, 256, 1000}) {
      const Pages some(sequences, blockSize, {{2, 1}, {0, 300}, {2, 13}});
      CHECK_SAME_BITS(attend(some), some.select(expected));
      CHECK_SAME_FOR_ANY_THREADS([&] { return attend(some); });
    }
    // As generation goes: the last query of each length.
    for (int32_t length = 1; length <= 700; length += length < 40 ? 1 : 37) {
      Sequences shorter = sequences;
      shorter.lengths = {300, 1, length};
      const Pages one(shorter, 16, {{2, 1}});
      const int64_t row = sequences.queryRow();
      CHECK_SAME_BITS(attend(one), rowsOf(expected, row, 300 + 1 + length - 1, 1));
    }
  }
}

TEST("queries attend to the keys of int8 that a mask says, with the same bits in every call") {
  for (const PagesOptions& options : maskedPagesOptions()) {
    const Sequences sequences(options, {70, 1, 600});
    Sequences stored = sequences;
    stored.k = nearestInt8(sequences.k, options.headDim);
    stored.v = nearestInt8(sequences.v, options.headDim);
    const std::vector<double> expected = stored.expected();
    const Pages all(sequences, 16, {{0, 70}, {1, 1}, {2, 600}});
    const std::vector<float> attended = attend(all);
    CHECK_CLOSE(attended, all.select(expected), 2e-6);
    CHECK_SAME_FOR_ANY_THREADS([&] { return attend(all); });
    for (const int64_t blockSize : {1, 7, 256}) {
      const Pages some(sequences, blockSize, {{2, 1}, {0, 70}, {2, 13}, {2, 200}});
      CHECK_CLOSE(attend(some), some.select(expected), 2e-6);
      CHECK_SAME_BITS(attend(some), some.select(attended));
    }
  }
}
