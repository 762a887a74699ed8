/** @file Rows of what they differ by from others, which predict them: as quantization's planes/residuals.ts defines it, bit by bit. */
#include <algorithm>
#include <cstring>

#include "kernels.h"
#include "parallel.h"
#include "scratch.h"

namespace arrowsmith {
namespace {

/** Between a float's bits and an integer that follow each other as floats do; both ways. */
inline uint16_t flip(uint16_t x) { return static_cast<uint16_t>(x ^ ((static_cast<int16_t>(x) >> 15) & 0x7fff)); }

inline float floatOf(uint16_t bits) {
  const uint32_t word = static_cast<uint32_t>(bits) << 16;
  float value;
  std::memcpy(&value, &word, sizeof value);
  return value;
}

/** The nearest bfloat16; 0 for NaN. */
inline uint16_t bitsOf(double value) {
  const float narrow = static_cast<float>(value);
  uint32_t word;
  std::memcpy(&word, &narrow, sizeof word);
  const uint32_t rounded = (word + 0x7fff + ((word >> 16) & 1)) >> 16;
  return static_cast<uint16_t>((word & 0x7fffffff) > 0x7f800000 ? 0 : rounded);
}

/** In float64, where products are exact: a sum has the same bits whether it is fused with one or not. */
template <int64_t kStep>
void rotateHead(int64_t pairs, int64_t toSecond, const uint16_t* __restrict x, const float* __restrict cos, const float* __restrict sin,
                uint16_t* __restrict y) {
  for (int64_t pair = 0; pair < pairs; pair++) {
    const int64_t first = kStep * pair, second = first + toSecond;
    const double a = floatOf(x[first]), b = floatOf(x[second]), c = cos[pair], s = sin[pair];
    y[first] = bitsOf(a * c - b * s);
    y[second] = bitsOf(a * s + b * c);
  }
}

void addRow(int64_t columns, const uint16_t* __restrict prediction, const uint16_t* __restrict residual, uint16_t* __restrict y) {
  for (int64_t i = 0; i < columns; i++) {
    y[i] = flip(static_cast<uint16_t>(flip(prediction[i]) + flip(residual[i])));
  }
}

}  // namespace

void addResidualsBf16(int64_t tokens, int64_t heads, int64_t headWords, int64_t distinct, int64_t predicted, int64_t pairs, int64_t angles,
                      bool interleaved, const int32_t* index, const int32_t* residual, const int32_t* angle, const int32_t* x,
                      const int32_t* residuals, const float* cos, const float* sin, int32_t* y) {
  (void)distinct, (void)predicted, (void)angles;
  const int64_t headDim = 2 * headWords, columns = heads * headDim;
  const auto* const rows = reinterpret_cast<const uint16_t*>(x);
  const auto* const differences = reinterpret_cast<const uint16_t*>(residuals);
  auto* const to = reinterpret_cast<uint16_t*>(y);
  // Not in place: compilers then compute several numbers at once.
  const size_t bytes = pairs == 0 ? 0 : sizeof(uint16_t) * static_cast<size_t>(columns);
  parallelRanges(tokens, std::max<int64_t>(1, (1 << 14) / columns), [&](int64_t begin, int64_t end) {
    auto* const prediction = static_cast<uint16_t*>(scratchBytes(Scratch::storedRows, bytes));
    for (int64_t token = begin; token < end; token++) {
      const uint16_t* const row = rows + index[token] * columns;
      uint16_t* const out = to + token * columns;
      if (residual[token] < 0) {
        std::copy(row, row + columns, out);
        continue;
      }
      const uint16_t* const difference = differences + residual[token] * columns;
      if (pairs == 0) {
        addRow(columns, row, difference, out);
        continue;
      }
      const float *const c = cos + angle[token] * pairs, *const s = sin + angle[token] * pairs;
      for (int64_t head = 0; head < columns; head += headDim) {
        if (interleaved) {
          rotateHead<2>(pairs, 1, row + head, c, s, prediction + head);
        } else {
          rotateHead<1>(pairs, pairs, row + head, c, s, prediction + head);
        }
        for (int64_t i = head + 2 * pairs; i < head + headDim; i++) prediction[i] = bitsOf(floatOf(row[i]));
      }
      addRow(columns, prediction, difference, out);
    }
  });
}

}  // namespace arrowsmith
