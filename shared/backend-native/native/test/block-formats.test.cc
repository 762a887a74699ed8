/** @file Tests of stored matrices in formats with blocks: decoded as they are multiplied, to the bits of the same matrix in float32. */
#include <vector>

#include "../kernels.h"
#include "stored.h"

using namespace arrowsmith;
using namespace arrowsmith::test;

namespace {

/** Random blocks, and the values that they stand for. What could be a half-precision number is less than 2. */
struct RandomBlocks {
  Format format;
  int64_t rows, columns;
  std::vector<int32_t> words, floats;

  RandomBlocks(Format storedFormat, int64_t rowCount, int64_t columnCount) : format(storedFormat), rows(rowCount), columns(columnCount) {
    const BlockFormat& blocks = *blockFormat(format);
    words.resize(static_cast<size_t>(storedWords(format, rows, rows * columns)));
    uint8_t* const bytes = reinterpret_cast<uint8_t*>(words.data());
    uint32_t state = static_cast<uint32_t>(format) + 7;
    for (size_t i = 0; i < words.size() * 4; i++) {
      state = state * 1664525 + 1013904223;
      bytes[i] = static_cast<uint8_t>(state >> 24 & 0x3f);
    }
    floats.resize(static_cast<size_t>(rows * columns));
    blocks.decode(bytes, rows * columns / blocks.size, reinterpret_cast<float*>(floats.data()));
  }

  StoredMatrix stored() const { return {format, rows, columns, words.data()}; }
  StoredMatrix asFloats() const { return {Format::f32, rows, columns, floats.data()}; }
};

std::vector<Format> blockFormats() {
  std::vector<Format> all;
  for (int i = 0; i < kFormats; i++) {
    if (blockFormat(static_cast<Format>(i)) != nullptr) all.push_back(static_cast<Format>(i));
  }
  return all;
}

std::vector<float> productWith(const StoredMatrix& matrix, int64_t n, const std::vector<float>& x) {
  std::vector<float> y(static_cast<size_t>(n * matrix.rows), kNaN);
  StoredProduct product{matrix, n, x.data(), nullptr, y.data()};
  multiplyStored(&product, 1);
  return y;
}

}  // namespace

TEST("products with blocks have the bits of those with the floats that they stand for, for few rows and many, on any number of threads") {
  for (const Format format : blockFormats()) {
    for (const int64_t out : {1, 37, 300}) {
      const RandomBlocks matrix(format, out, 256);
      for (const int64_t n : {1, 2, 6, 7, 40, 97}) {
        const std::vector<float> x = randomFloats(n * 256, 3);
        CHECK_SAME_BITS(productWith(matrix.stored(), n, x), productWith(matrix.asFloats(), n, x));
      }
    }
    const RandomBlocks matrix(format, 700, 512);
    const std::vector<float> x = randomFloats(9 * 512, 3);
    CHECK_SAME_FOR_ANY_THREADS([&] { return productWith(matrix.stored(), 9, x); });
  }
}

TEST("feed-forward networks and embeddings of blocks have the bits of those of floats") {
  for (const Format format : blockFormats()) {
    const RandomBlocks gate(format, 256, 256), up(format, 256, 256), down(format, 256, 256);
    for (const int64_t n : {1, 40}) {
      const std::vector<float> x = randomFloats(n * 256, 3, -0.01, 0.01);
      std::vector<float> y(x.size(), kNaN), expected = y;
      storedGatedFeedForward(Activation::silu, n, x.data(), {gate.stored(), up.stored(), down.stored()}, nullptr, y.data());
      storedGatedFeedForward(Activation::silu, n, x.data(), {gate.asFloats(), up.asFloats(), down.asFloats()}, nullptr, expected.data());
      CHECK_SAME_BITS(y, expected);
    }
    const std::vector<int32_t> ids{255, 0, 3, 3};
    std::vector<float> y(4 * 256, kNaN), expected = y;
    storedEmbedding(4, ids.data(), gate.stored(), 2.5f, y.data());
    storedEmbedding(4, ids.data(), gate.asFloats(), 2.5f, expected.data());
    CHECK_SAME_BITS(y, expected);
  }
}

TEST("blocks take whole rows alone, and as many words as their bytes fill") {
  for (const Format format : blockFormats()) {
    const BlockFormat& blocks = *blockFormat(format);
    CHECK(takesRows(format, 3 * blocks.size));
    CHECK(blocks.size == 1 || !takesRows(format, 3 * blocks.size + 1));
    CHECK(storedWords(format, 5, 5 * 3 * blocks.size) == (15 * blocks.bytes + 3) / 4);
  }
}
