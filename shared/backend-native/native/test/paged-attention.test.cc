/** @file Tests of attention over keys and values in blocks of a table. */
#include <stdexcept>
#include <string>
#include <vector>

#include "../kernels.h"
#include "check.h"
#include "masks.h"
#include "pages.h"

using namespace arrowsmith;
using namespace arrowsmith::test;

namespace {

std::string errorOf(const Pages& pages, int64_t blockCount) {
  try {
    checkPages("pagedAttention", pages.call(), blockCount, pages.all.options.bitmapCount());
  } catch (const std::out_of_range& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST("queries attend to the keys of their own sequence that they see, wherever these lie") {
  for (const PagesOptions& options : kPagesOptions) {
    const Sequences sequences(options, {70, 1, 600});
    const std::vector<double> expected = sequences.expected();
    for (const int64_t blockSize : {1, 16, 100}) {
      const Pages all(sequences, blockSize, {{0, 70}, {1, 1}, {2, 600}}), some(sequences, blockSize, {{2, 9}, {0, 1}, {2, 1}});
      CHECK_CLOSE(all.attend(), all.select(expected), 2e-6);
      CHECK_CLOSE(some.attend(), some.select(expected), 2e-6);
    }
  }
}

TEST("a query's bits do not depend on other queries, other sequences, blocks, or threads") {
  for (const PagesOptions& options : kPagesOptions) {
    const Sequences sequences(options, {300, 1, 700});
    const Pages all(sequences, 16, {{0, 300}, {1, 1}, {2, 700}});
    const std::vector<float> expected = all.attend();
    CHECK_SAME_FOR_ANY_THREADS([&] { return all.attend(); });
    for (const int64_t blockSize : {1, 7, 256, 1000}) {
      const Pages some(sequences, blockSize, {{2, 1}, {0, 300}, {2, 13}});
      CHECK_SAME_BITS(some.attend(), some.select(expected));
      CHECK_SAME_FOR_ANY_THREADS([&] { return some.attend(); });
    }
    // As generation goes: the last query of each length.
    for (int32_t length = 1; length <= 700; length += length < 40 ? 1 : 37) {
      Sequences shorter = sequences;
      const Pages step(sequences, 16, {{2, 700 - length + 1}});
      const std::vector<float> rows = step.attend();
      shorter.lengths = {300, 1, length};
      const Pages one(shorter, 16, {{2, 1}});
      CHECK_SAME_BITS(one.attend(), rowsOf(rows, sequences.queryRow(), 0, 1));
    }
  }
}

TEST("queries attend to the keys that a mask says, with the same bits in every call") {
  for (const PagesOptions& options : maskedPagesOptions()) {
    const Sequences sequences(options, {70, 1, 600});
    const Pages all(sequences, 16, {{0, 70}, {1, 1}, {2, 600}});
    const std::vector<double> expected = sequences.expected();
    const std::vector<float> attended = all.attend();
    CHECK_CLOSE(attended, all.select(expected), 2e-6);
    CHECK_SAME_FOR_ANY_THREADS([&] { return all.attend(); });
    for (const int64_t blockSize : {1, 7, 256}) {
      const Pages some(sequences, blockSize, {{2, 1}, {0, 70}, {2, 13}, {2, 200}});
      CHECK_CLOSE(some.attend(), some.select(expected), 2e-6);
      CHECK_SAME_BITS(some.attend(), some.select(attended));
      CHECK_SAME_FOR_ANY_THREADS([&] { return some.attend(); });
    }
  }
}

TEST("a block that a mask leaves out may be freed, wherever it lies, and no other") {
  const PredicateMask mask(200, kPredicates.at("first and last"));
  PagesOptions options{4, 2, 8};
  options.mask = &mask;
  const Sequences sequences(options, {200});
  Pages pages(sequences, 8, {{0, 3}});
  CHECK(pages.blocks[0] != -1 && pages.blocks[1] == -1 && pages.blocks[20] == -1 && pages.blocks[21] != -1);
  CHECK_CLOSE(pages.attend(), pages.select(sequences.expected()), 2e-6);
  pages.blocks[0] = -1;
  CHECK(errorOf(pages, 25).find("blocks[0] must not be freed: the sequence 0 sees keys of it") != std::string::npos);
}

TEST("a sequence without queries is passed over") {
  const Sequences sequences({4, 2, 8}, {30, 20, 10});
  const Pages pages(sequences, 4, {{0, 2}, {1, 0}, {2, 10}}), nobody(sequences, 4, {{1, 0}});
  CHECK_CLOSE(pages.attend(), pages.select(sequences.expected()), 2e-6);
  CHECK(nobody.attend().empty());
}

TEST("keys outside of the table, in freed blocks, or of too few blocks are refused") {
  const Sequences sequences({4, 2, 8}, {30, 20});
  const Pages pages(sequences, 4, {{0, 2}, {1, 20}});
  CHECK(errorOf(pages, 13).empty());
  CHECK(errorOf(pages, 14).empty());
  CHECK(errorOf(pages, 12).find("blocks must have at least 13 elements") != std::string::npos);
  Pages freed = pages;
  freed.blocks[9] = -1;
  CHECK(errorOf(freed, 13).find("blocks[9] must not be freed: the sequence 1 sees keys from 0 on") != std::string::npos);
  Pages beyond = pages;
  beyond.blocks[7] = static_cast<int32_t>(beyond.slots - beyond.keyOffset - 2);  // of which 2 keys are used
  CHECK(errorOf(beyond, 13).empty());
  beyond.blocks[7]++;
  CHECK(errorOf(beyond, 13).find("blocks[7] with keyOffset 3") != std::string::npos);
  Pages shorter = pages;
  shorter.lengths[1] = 19;
  CHECK(errorOf(shorter, 13).find("lengths[1] must be at least its 20 queries, not 19") != std::string::npos);
}
