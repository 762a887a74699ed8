/** @file Tests of products of quantized inputs with integers as they are stored. test/integer-products.test.ts has the numbers, to the bit. */
#include <algorithm>
#include <numeric>
#include <vector>

#include "../integer-products.h"
#include "../kernels.h"
#include "stored.h"

using namespace arrowsmith;
using namespace arrowsmith::test;

namespace {

/** Random integers and scales in a format that has integers, and the values that they stand for, which are below 64. */
struct RandomIntegers {
  Format format;
  int64_t rows, columns;
  std::vector<int32_t> words;
  std::vector<float> values;

  RandomIntegers(Format storedFormat, int64_t rowCount, int64_t columnCount) : format(storedFormat), rows(rowCount), columns(columnCount) {
    words.resize(static_cast<size_t>(storedWords(format, rows, rows * columns)));
    values.resize(static_cast<size_t>(rows * columns));
    uint32_t state = static_cast<uint32_t>(format) + 7;
    const auto fill = [&](uint8_t* bytes, int64_t count) {
      for (int64_t i = 0; i < count; i++) {
        state = state * 1664525 + 1013904223;
        bytes[i] = static_cast<uint8_t>(state >> 24);
      }
    };
    uint8_t* at = reinterpret_cast<uint8_t*>(words.data());
    if (const BlockFormat* const blocks = blockFormat(format)) {
      for (float* value = values.data(); value < values.data() + values.size(); value += blocks->size, at += blocks->bytes) {
        const auto isLarge = [&] {
          for (int64_t i = 0; i < blocks->size; i++) {
            if (!(std::fabs(value[i]) < 64)) return true;
          }
          return false;
        };
        do {
          fill(at, blocks->bytes);
          blocks->decode(at, 1, value);
        } while (isLarge());
      }
      return;
    }
    const std::vector<float> scales = randomFloats(rows, 5, 0.001, 0.4);
    std::memcpy(at, scales.data(), scales.size() * 4);
    fill(at + 4 * rows, rows * columns);
    for (size_t i = 0; i < values.size(); i++) {
      values[i] = scales[i / static_cast<size_t>(columns)] * static_cast<float>(reinterpret_cast<int8_t*>(at)[4 * rows + static_cast<int64_t>(i)]);
    }
  }

  StoredMatrix stored() const { return {format, rows, columns, words.data()}; }
};

std::vector<Format> formatsWithIntegers() {
  std::vector<Format> all;
  for (int i = 0; i < kFormats; i++) {
    if (hasIntegers(static_cast<Format>(i))) all.push_back(static_cast<Format>(i));
  }
  return all;
}

/** Lengths of rows that a format takes. */
std::vector<int64_t> columnsOf(Format format) {
  if (blockFormat(format) == nullptr) return {1, 31, 77, 300};
  const int64_t size = blockFormat(format)->size;
  return {size, 3 * size};
}

std::vector<float> product(const StoredMatrix& matrix, const std::vector<float>& x, const float* residual = nullptr) {
  const int64_t n = static_cast<int64_t>(x.size()) / matrix.columns;
  std::vector<float> y(static_cast<size_t>(n * matrix.rows), kNaN);
  StoredProduct one{matrix, n, x.data(), residual, y.data(), InputPrecision::int8};
  multiplyStored(&one, 1);
  return y;
}

/** The numbers that inputs stand for once they are quantized for a format, block by block. */
std::vector<double> quantized(const std::vector<float>& x, int64_t columns, Format format) {
  const InputBlocks blocks(format);
  const int64_t size = blocks.isOneScale ? columns : blocks.size;
  std::vector<double> result;
  for (size_t first = 0; first < x.size(); first += static_cast<size_t>(size)) {
    float largest = 0;  // as a double, g++ 12 for arm64 does not compile the maximum
    for (int64_t i = 0; i < size; i++) largest = std::max(largest, std::fabs(x[first + static_cast<size_t>(i)]));
    const float scale = largest / 127;
    for (int64_t i = 0; i < size; i++) result.push_back(scale == 0 ? 0 : static_cast<double>(scale) * std::round(x[first + static_cast<size_t>(i)] / scale));
  }
  return result;
}

}  // namespace

TEST("products are those of the quantized inputs with what the integers stand for") {
  for (const Format format : formatsWithIntegers()) {
    for (const int64_t in : columnsOf(format)) {
      for (const int64_t out : {1, 16, 37}) {
        const RandomIntegers matrix(format, out, in);
        const std::vector<float> x = randomFloats(7 * in, 2), residual = randomFloats(7 * out, 3);
        const std::vector<double> inputs = quantized(x, in, format);
        std::vector<double> expected;
        for (int64_t i = 0; i < 7; i++) {
          for (int64_t o = 0; o < out; o++) {
            double total = 0;
            for (int64_t j = 0; j < in; j++) total += inputs[static_cast<size_t>(i * in + j)] * matrix.values[static_cast<size_t>(o * in + j)];
            expected.push_back(total);
          }
        }
        const std::vector<float> y = product(matrix.stored(), x);
        CHECK_CLOSE(y, expected, 1e-3);  // values with a minimum are rounded to float32 where they stand alone: of up to 64, 768 of them
        std::vector<float> sums = y;
        for (size_t i = 0; i < sums.size(); i++) sums[i] += residual[i];
        CHECK_SAME_BITS(product(matrix.stored(), x, residual.data()), sums);
      }
    }
  }
}

TEST("the largest integers with the largest inputs are summed without a loss") {
  // Where a block's half-precision numbers are, which are not to be infinite.
  const struct {
    Format format;
    int64_t first, count;
  } kHalves[] = {{Format::int8Groups32, 0, 1}, {Format::int4Groups32, 0, 1}, {Format::int4Groups128, 0, 1}, {Format::int3Groups32, 0, 1},
                 {Format::int2Groups32, 0, 1}, {Format::q8_0, 0, 1}, {Format::q5_1, 0, 2}, {Format::q5_0, 0, 1}, {Format::q4_1, 0, 2},
                 {Format::q4_0, 0, 1}, {Format::iq4Nl, 0, 1}, {Format::q6K, 208, 1}, {Format::q5K, 0, 2}, {Format::q4K, 0, 2},
                 {Format::q3K, 108, 1}, {Format::q2K, 80, 2}};
  for (const auto& [format, first, count] : kHalves) {
    const BlockFormat& blocks = *blockFormat(format);
    const int64_t in = 2 * blocks.size, out = 17;
    std::vector<int32_t> words(static_cast<size_t>(storedWords(format, out, out * in)), -1);
    uint8_t* const bytes = reinterpret_cast<uint8_t*>(words.data());
    for (int64_t block = 0; block < 2 * out; block++) {
      for (int64_t i = 0; i < count; i++) {
        const uint16_t half = 0x1800;  // 1 / 512
        std::memcpy(bytes + block * blocks.bytes + first + 2 * i, &half, 2);
      }
    }
    std::vector<float> values(static_cast<size_t>(out * in)), x(static_cast<size_t>(2 * in), 1);
    blocks.decode(bytes, 2 * out, values.data());
    std::fill(x.begin() + in, x.end(), -1.0f);
    std::vector<double> expected;
    for (const double sign : {1, -1}) {
      for (int64_t row = 0; row < out; row++) expected.push_back(sign * std::accumulate(values.begin() + row * in, values.begin() + (row + 1) * in, 0.0));
    }
    CHECK_CLOSE(product({format, out, in, words.data()}, x), expected, 1e-5);  // float32, of 2 or 4 groups
  }
}

TEST("products with integers have the same bits alone, among other rows, for some outputs, and on any number of threads") {
  for (const Format format : formatsWithIntegers()) {
    for (const int64_t in : columnsOf(format)) {
      const RandomIntegers matrix(format, 37, in);
      const std::vector<float> x = randomFloats(101 * in, 2), all = product(matrix.stored(), x);
      checkRowsAlone(x, in, all, 37, [&](const std::vector<float>& rows) { return product(matrix.stored(), rows); });
      const std::vector<float> some = product(matrix.stored().part(3, 20), x);
      std::vector<float> expected;
      for (int64_t i = 0; i < 101; i++) expected.insert(expected.end(), all.begin() + i * 37 + 3, all.begin() + i * 37 + 23);
      CHECK_SAME_BITS(some, expected);
    }
    const RandomIntegers matrix(format, 700, 256);
    const std::vector<float> x = randomFloats(200 * 256, 2);
    CHECK_SAME_FOR_ANY_THREADS([&] { return product(matrix.stored(), x); });
    CHECK_SAME_FOR_ANY_THREADS([&] { return product(matrix.stored(), rowsOf(x, 256, 1, 1)); });
  }
}

TEST("sums of extreme integers are exact, also of rows that int32 does not hold the sums of") {
  const int64_t in = 3 * kSpan + 5;
  std::vector<int32_t> words(static_cast<size_t>(storedWords(Format::int8, 1, in)));
  const float scale = 1;
  std::memcpy(words.data(), &scale, 4);
  for (const int value : {-128, 127}) {
    std::memset(words.data() + 1, value, static_cast<size_t>(in));
    const std::vector<float> x(static_cast<size_t>(in), -127);
    float expected = 0;
    for (int64_t first = 0; first < in; first += kSpan) expected += static_cast<float>(-127 * value * static_cast<int32_t>(std::min(kSpan, in - first)));
    CHECK_SAME_BITS(product({Format::int8, 1, in, words.data()}, x), std::vector<float>{expected});
  }
}

TEST("inputs that are no finite numbers make no finite numbers of their row's products alone") {
  for (const float bad : {kNaN, std::numeric_limits<float>::infinity()}) {
    for (const Format format : formatsWithIntegers()) {
      const RandomIntegers matrix(format, 3, 256);
      std::vector<float> x = randomFloats(4 * 256, 2);
      x[256 + 17] = bad;
      const std::vector<float> y = product(matrix.stored(), x);
      for (size_t i = 0; i < y.size(); i++) CHECK(std::isnan(y[i]) == (i / 3 == 1));
    }
  }
  const RandomIntegers matrix(Format::q4_0, 3, 64);
  CHECK_SAME_BITS(product(matrix.stored(), std::vector<float>(64, 0)), std::vector<float>(3, 0));
  CHECK_SAME_BITS(product(matrix.stored(), std::vector<float>(64, 1e-40f)), std::vector<float>(3, 0));  // no scale is so small
}

TEST("formats without integers are multiplied with the inputs as they are") {
  for (const Format format : {Format::f32, Format::bf16, Format::f16}) {
    const RandomMatrix matrix(format, 9, 50, 1);
    const std::vector<float> x = randomFloats(8 * 50, 2);
    std::vector<float> y(8 * 9, kNaN);
    StoredProduct one{matrix.stored(), 8, x.data(), nullptr, y.data()};
    multiplyStored(&one, 1);
    CHECK_SAME_BITS(product(matrix.stored(), x), y);
  }
}

TEST("feed-forward networks and groups of rows are made of the same products, of formats that differ, too") {
  const RandomIntegers gate(Format::q4K, 256, 256), up(Format::int4Groups32, 256, 256), down(Format::int8, 256, 256);
  for (const int64_t n : {1, 40, 600}) {
    const std::vector<float> x = randomFloats(n * 256, 3, -0.01, 0.01);
    std::vector<float> y(x.size(), kNaN);
    storedGatedFeedForward(Activation::silu, n, x.data(), {gate.stored(), up.stored(), down.stored()}, nullptr, y.data(), InputPrecision::int8);
    const std::vector<float> gates = product(gate.stored(), x), ups = product(up.stored(), x);
    std::vector<float> hidden(x.size());
    gatedActivation(Activation::silu, static_cast<int64_t>(x.size()), gates.data(), ups.data(), hidden.data());
    CHECK_SAME_BITS(y, product(down.stored(), hidden));
  }
  const std::vector<int32_t> offsets{0, 3, 3, 90};
  const RandomIntegers stacks[] = {{Format::q8_0, 3 * 40, 256}, {Format::int2Groups128, 3 * 7, 256}};
  const std::vector<float> x = randomFloats(90 * 256, 3);
  std::vector<float> ys[] = {std::vector<float>(90 * 40, kNaN), std::vector<float>(90 * 7, kNaN)};
  const StoredLayer layers[] = {{stacks[0].stored(), ys[0].data()}, {stacks[1].stored(), ys[1].data()}};
  storedGroupedLinear(3, offsets.data(), x.data(), layers, 2, InputPrecision::int8);
  for (size_t i = 0; i < 2; i++) {
    const int64_t out = stacks[i].rows / 3;
    std::vector<float> expected;
    for (int64_t group = 0; group < 3; group++) {
      const int64_t begin = offsets[static_cast<size_t>(group)], rows = offsets[static_cast<size_t>(group + 1)] - begin;
      const std::vector<float> own = product(stacks[i].stored().part(group * out, out), rowsOf(x, 256, begin, rows));
      expected.insert(expected.end(), own.begin(), own.end());
    }
    CHECK_SAME_BITS(ys[i], expected);
  }
}

TEST("every instruction set gives the same bits") {
  uint64_t digest = 14695981039346656037u;  // FNV-1a
  for (const Format format : formatsWithIntegers()) {
    const RandomIntegers matrix(format, 19, 256);
    for (const float value : product(matrix.stored(), randomFloats(8 * 256, 2))) {
      uint32_t bits;
      std::memcpy(&bits, &value, 4);
      digest = (digest ^ bits) * 1099511628211u;
    }
  }
  if (digest != 6550595313442046457u) fail(__FILE__, __LINE__, "the digest of all products is " + std::to_string(digest));
}
