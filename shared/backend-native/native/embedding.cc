/** @file Embeddings: rows of a table by token id, and the table's gradient. */
#include <algorithm>
#include <cstring>

#include "kernels.h"
#include "parallel.h"
#include "scratch.h"
#include "simd.h"

namespace arrowsmith {
namespace {

/** Floats in a piece of work. */
constexpr int64_t kPieceFloats = 16384;

int64_t rowsPerPiece(int64_t d) { return std::max<int64_t>(1, kPieceFloats / d); }

/** y[d] = the sum of the `uses` rows of dY that `positions` names, in that order. */
void sumRows(int64_t uses, const int32_t* positions, int64_t d, const float* dY, float* y) {
  forEachVector(0, d, [&](int64_t j, auto lanes) {
    Vec total = splat(0);
    for (int64_t use = 0; use < uses; use++) total += lanes.load(dY + positions[use] * d + j);
    lanes.store(y + j, total);
  });
}

}  // namespace

void embedding(int64_t n, int64_t d, const int32_t* ids, const float* weight, float* y) {
  parallelRanges(n, rowsPerPiece(d), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      std::memcpy(y + i * d, weight + ids[i] * d, static_cast<size_t>(d) * sizeof(float));
    }
  });
}

void embeddingGradient(int64_t n, int64_t d, int64_t vocabularySize, const int32_t* ids, const float* dY,
                       float* dWeight) {
  // A counting sort of the positions by id: the uses of id v are sorted[begins[v] … begins[v + 1]), in order. Then each
  // row of dWeight is written once, instead of cleared and added to, and no two threads meet in one.
  const size_t bytes = static_cast<size_t>(vocabularySize + 1 + n) * sizeof(int32_t);
  int32_t* begins = static_cast<int32_t*>(scratchBytes(Scratch::partials, bytes));
  int32_t* sorted = begins + vocabularySize + 1;
  std::fill(begins, begins + vocabularySize + 1, 0);
  for (int64_t i = 0; i < n; i++) begins[ids[i]]++;
  for (int64_t v = 1; v <= vocabularySize; v++) begins[v] += begins[v - 1];  // now where the uses of v end
  for (int64_t i = n - 1; i >= 0; i--) sorted[--begins[ids[i]]] = static_cast<int32_t>(i);
  parallelRanges(vocabularySize, rowsPerPiece(d), [&](int64_t begin, int64_t end) {
    for (int64_t v = begin; v < end; v++) {
      sumRows(begins[v + 1] - begins[v], sorted + begins[v], d, dY, dWeight + v * d);
    }
  });
}

}  // namespace arrowsmith
