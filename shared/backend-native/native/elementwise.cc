/** @file Sums, multiples and the sum of squares. */
#include <algorithm>
#include <vector>

#include "kernels.h"
#include "parallel.h"
#include "simd.h"

namespace arrowsmith {
namespace {

/** Floats in a piece of work. */
constexpr int64_t kPieceFloats = 16384;

/** In double precision, in which the square of every float is finite and exact. */
double sumOfSquares(const float* x, int64_t count) {
  // Independent sums, one vector's worth: one would wait for each addition before it can begin the next.
  constexpr int kSums = 4 * kLanes;
  double sums[kSums] = {};
  int64_t i = 0;
  for (; i + kSums <= count; i += kSums) {
    for (int lane = 0; lane < kSums; lane++) {
      const double value = x[i + lane];
      sums[lane] += value * value;
    }
  }
  double total = 0;
  for (const double sum : sums) total += sum;
  for (; i < count; i++) total += static_cast<double>(x[i]) * x[i];
  return total;
}

}  // namespace

void add(int64_t count, const float* a, const float* b, float* y) {
  parallelRanges(count, kPieceFloats, [&](int64_t begin, int64_t end) {
    forEachVector(begin, end,
                  [&](int64_t i, auto lanes) { lanes.store(y + i, lanes.load(a + i) + lanes.load(b + i)); });
  });
}

void scale(int64_t count, const float* a, float factor, float* y) {
  parallelRanges(count, kPieceFloats, [&](int64_t begin, int64_t end) {
    forEachVector(begin, end,
                  [&](int64_t i, auto lanes) { lanes.store(y + i, lanes.load(a + i) * splat(factor)); });
  });
}

void fill(int64_t count, float value, float* y) {
  parallelRanges(count, kPieceFloats, [&](int64_t begin, int64_t end) { std::fill(y + begin, y + end, value); });
}

void scaledSum(int64_t count, int64_t terms, const float* const* xs, float factor, float* y) {
  parallelRanges(count, kPieceFloats, [&](int64_t begin, int64_t end) {
    forEachVector(begin, end, [&](int64_t i, auto lanes) {
      Vec total = splat(0);
      for (int64_t t = 0; t < terms; t++) total += lanes.load(xs[t] + i);
      lanes.store(y + i, total * splat(factor));
    });
  });
}

double sumOfSquares(const float* const* tensors, const int64_t* counts, int64_t tensorCount) {
  struct Piece {
    const float* begin;
    int64_t count;
  };
  std::vector<Piece> list;
  for (int64_t t = 0; t < tensorCount; t++) {
    for (int64_t i = 0; i < counts[t]; i += kPieceFloats) {
      list.push_back({tensors[t] + i, std::min(kPieceFloats, counts[t] - i)});
    }
  }
  std::vector<double> partials(list.size());
  parallelFor(static_cast<int64_t>(list.size()), [&](int64_t index) {
    const Piece& piece = list[static_cast<size_t>(index)];
    partials[static_cast<size_t>(index)] = sumOfSquares(piece.begin, piece.count);
  });
  double total = 0;
  for (const double partial : partials) total += partial;
  return total;
}

}  // namespace arrowsmith
