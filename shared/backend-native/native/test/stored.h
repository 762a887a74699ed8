/** @file Random stored matrices for tests, and the numbers that they stand for. */
#pragma once
#include <cmath>
#include <cstring>
#include <vector>

#include "../stored-matrix.h"
#include "check.h"

namespace arrowsmith::test {

constexpr Format kAllFormats[] = {Format::f32, Format::bf16, Format::int8, Format::f16};

/** A matrix [rows, columns]: its words, and its values. */
struct RandomMatrix {
  Format format;
  int64_t rows, columns;
  std::vector<int32_t> words;
  std::vector<float> values;

  RandomMatrix(Format storedFormat, int64_t rowCount, int64_t columnCount, uint64_t seed)
      : format(storedFormat), rows(rowCount), columns(columnCount), values(randomFloats(rowCount * columnCount, seed)) {
    words.resize(static_cast<size_t>(storedWords(format, rows, rows * columns)));
    char* const bytes = reinterpret_cast<char*>(words.data());
    const std::vector<float> scales = randomFloats(rows, seed + 100, 0.001, 0.01);
    if (format == Format::int8) std::memcpy(bytes, scales.data(), scales.size() * 4);
    for (size_t i = 0; i < values.size(); i++) {
      if (format == Format::f32) std::memcpy(bytes + 4 * i, &values[i], 4);
      if (format == Format::bf16) {
        std::memcpy(bytes + 2 * i, reinterpret_cast<const char*>(&values[i]) + 2, 2);
        std::memset(&values[i], 0, 2);
      }
      if (format == Format::f16) {
        const uint16_t half = static_cast<uint16_t>(0x2c00 + 37 * i % 0x1400 + (i % 2) * 0x8000);  // of magnitudes from 1/16 to 2
        std::memcpy(bytes + 2 * i, &half, 2);
        values[i] = floatOfHalf(half);
      }
      if (format == Format::int8) {
        const float scale = scales[i / static_cast<size_t>(columns)];
        const int8_t value = static_cast<int8_t>(std::lround(127 * values[i]));
        bytes[4 * scales.size() + i] = static_cast<char>(value);
        values[i] = scale * value;
      }
    }
  }

  StoredMatrix stored() const { return {format, rows, columns, words.data()}; }
};

/** x[n, in] matrixᵀ, from the rows `first` on of the matrix, `out` of them. */
inline std::vector<double> naiveProduct(const std::vector<double>& x, int64_t in, const RandomMatrix& matrix, int64_t first, int64_t out) {
  const int64_t n = static_cast<int64_t>(x.size()) / in;
  std::vector<double> y;
  for (int64_t i = 0; i < n; i++) {
    for (int64_t o = first; o < first + out; o++) {
      double total = 0;
      for (int64_t j = 0; j < in; j++) total += x[static_cast<size_t>(i * in + j)] * matrix.values[static_cast<size_t>(o * in + j)];
      y.push_back(total);
    }
  }
  return y;
}

/** Rows [first, first + count) of a matrix with d columns. */
inline std::vector<float> rowsOf(const std::vector<float>& matrix, int64_t d, int64_t first, int64_t count) {
  return {matrix.begin() + first * d, matrix.begin() + (first + count) * d};
}

/** Each row of x[n, in] that a function of some rows gives out, [out] floats for each, has the bits that it has alone, and in another order. */
template <class Compute>
void checkRowsAlone(const std::vector<float>& x, int64_t in, const std::vector<float>& y, int64_t out, Compute&& compute) {
  const int64_t n = static_cast<int64_t>(x.size()) / in;
  for (const int64_t many : {int64_t{1}, int64_t{2}, int64_t{5}, int64_t{7}}) {
    for (int64_t first = 0; first + many <= n; first += many) {
      CHECK_SAME_BITS(compute(rowsOf(x, in, first, many)), rowsOf(y, out, first, many));
    }
  }
  std::vector<float> turned, expected;
  for (int64_t i = n - 1; i >= 0; i--) {
    const std::vector<float> row = rowsOf(x, in, i, 1), result = rowsOf(y, out, i, 1);
    turned.insert(turned.end(), row.begin(), row.end());
    expected.insert(expected.end(), result.begin(), result.end());
  }
  CHECK_SAME_BITS(compute(turned), expected);
}

}  // namespace arrowsmith::test
