/** @file What a thread will read when it is done with a block of a product, and how the cache is asked for it meanwhile. */
#pragma once
#include <cstdint>

#include "parallel.h"
#include "simd.h"

namespace arrowsmith {

/**
 * Parts of matrices that are read after a block. The cache is asked for them while the block is computed, line by line between the steps of
 * its micro-kernels: many at once would wait for each other, and what the micro-kernel itself reads with them.
 */
class ReadNext {
 public:
  /** Adds a part of a matrix: some rows of so many columns. What is more than kMostParts is not asked for. */
  void add(const float* first, int64_t stride, int64_t rows, int64_t columns) {
    if (rows <= 0 || columns <= 0 || count_ == kMostParts) return;
    const int64_t lines = pieces(columns + kLineFloats - 1, kLineFloats);  // a row may begin at a line's end
    parts_[count_++] = {first, stride, rows, lines};
  }

  /** Asks for the next line. */
  __attribute__((always_inline)) void fetch() {
    if (part_ == count_) return;
    Part& part = parts_[part_];
    __builtin_prefetch(part.first + line_ * kLineFloats);
    if (++line_ < part.lines) return;
    line_ = 0;
    part.first += part.stride;
    if (--part.rows == 0) part_++;
  }

 private:
  static constexpr int kMostParts = 7;

  struct Part {
    const float* first;
    int64_t stride, rows, lines;
  };

  Part parts_[kMostParts];
  int count_ = 0, part_ = 0;
  int64_t line_ = 0;
};

}  // namespace arrowsmith
