/** @file Tests of values as number formats leave them. */
#include <vector>

#include "../kernels.h"
#include "../stored-matrix.h"
#include "check.h"

using namespace arrowsmith;
using namespace arrowsmith::test;

namespace {

/** Of a super-block, so that every format takes it; and rows whose blocks are no whole number of vectors. */
constexpr int64_t kColumns = 256, kRows = 37;

/** Of each format the sum of {@link quantizable} as its reference leaves them: scripts/parity/fake-quantize.ts. */
struct ExpectedSum {
  Format format;
  uint32_t sum;
};
constexpr ExpectedSum kSums[] = {
    {Format::f32, 0xa7c895c4},
    {Format::bf16, 0x2606c1e4},
    {Format::int8, 0x047856f0},
    {Format::f16, 0xfe3715b4},
    {Format::int8Groups32, 0xda8ca574},
    {Format::int8Groups32Asymmetric, 0xd35f27d5},
    {Format::int8Groups128, 0x789cf760},
    {Format::int8Groups128Asymmetric, 0xbe42802c},
    {Format::int4Groups32, 0xef60709b},
    {Format::int4Groups32Asymmetric, 0xd9d15bfb},
    {Format::int4Groups128, 0xf7ab8c6a},
    {Format::int4Groups128Asymmetric, 0x74c67825},
    {Format::int3Groups32, 0xa9553fc8},
    {Format::int3Groups32Asymmetric, 0x5b180373},
    {Format::int3Groups128, 0xef334166},
    {Format::int3Groups128Asymmetric, 0xcc9407e4},
    {Format::int2Groups32, 0x8899d394},
    {Format::int2Groups32Asymmetric, 0x79f30885},
    {Format::int2Groups128, 0x713981c5},
    {Format::int2Groups128Asymmetric, 0x1be38c9f},
    {Format::q8_0, 0x23e29a14},
    {Format::q5_1, 0x5747a50d},
    {Format::q5_0, 0xad496a97},
    {Format::q4_1, 0xeac0aa0b},
    {Format::q4_0, 0xed46bf1f},
    {Format::iq4Nl, 0xce5b356e},
    {Format::q6K, 0x0742082e},
    {Format::q5K, 0x8b40e46f},
    {Format::q4K, 0x2b26b36e},
    {Format::q3K, 0xb322a162},
    {Format::q2K, 0xf0aae192},
};

/** Exact numbers, the same whatever computes them. */
std::vector<float> quantizable() {
  std::vector<float> values(kRows * kColumns);
  uint32_t state = 7;
  for (size_t i = 0; i < values.size(); i++) {
    state = state * 1664525 + 1013904223;
    values[i] = static_cast<float>(static_cast<int32_t>(state) >> 8) * 0x1p-27f * (i % 97 == 0 ? 8.0f : 1.0f);
  }
  return values;
}

std::vector<float> quantized(Format format, const std::vector<float>& x, int64_t columns = kColumns) {
  std::vector<float> y(x.size(), kNaN);
  fakeQuantize(format, static_cast<int64_t>(x.size()) / columns, columns, x.data(), y.data());
  return y;
}

/** FNV-1a of 32 bits. */
uint32_t sumOf(const std::vector<float>& values) {
  const uint8_t* const bytes = reinterpret_cast<const uint8_t*>(values.data());
  uint32_t sum = 2166136261;
  for (size_t i = 0; i < 4 * values.size(); i++) sum = (sum ^ bytes[i]) * 16777619;
  return sum;
}

}  // namespace

TEST("values become what the formats' reference makes of them, to the bit, with every instruction set") {
  for (const auto [format, sum] : kSums) CHECK(sumOf(quantized(format, quantizable())) == sum);
}

TEST("values become the same on any number of threads, and whatever is rounded beside them") {
  const std::vector<float> x = quantizable();
  for (const auto [format, sum] : kSums) {
    CHECK_SAME_FOR_ANY_THREADS([format = format, &x] { return quantized(format, x); });
    const std::vector<float> together = quantized(format, x);
    for (int64_t row = 0; row < kRows; row++) {
      const std::vector<float> alone = quantized(format, {x.begin() + row * kColumns, x.begin() + (row + 1) * kColumns});
      CHECK_SAME_BITS(alone, std::vector<float>(together.begin() + row * kColumns, together.begin() + (row + 1) * kColumns));
    }
  }
}

TEST("a number that a format does not take makes its block NaN, and no other") {
  const std::vector<float> x = quantizable();
  for (const auto [format, sum] : kSums) {
    if (format == Format::f32) continue;
    const BlockFormat* const blocks = blockFormat(format);
    const int64_t size = blocks != nullptr ? blocks->size : format == Format::int8 ? kColumns : 1, at = 5 * kColumns + 131;
    std::vector<float> expected = quantized(format, x), unfit = x;
    for (const float value : {kNaN, kInfinity, -kInfinity}) {
      unfit[at] = value;
      std::vector<float> found = quantized(format, unfit);
      for (int64_t i = at / size * size; i < at / size * size + size; i++) {
        CHECK(std::isnan(found[i]));
        found[i] = expected[i] = 0;
      }
      CHECK_SAME_BITS(found, expected);
    }
  }
}

TEST("rows of int8 may have any length, none and zeros included") {
  CHECK(quantized(Format::int8, {}, 5).empty());
  CHECK_SAME_BITS(quantized(Format::int8, {0, -0.0f, 0}, 3), std::vector<float>({0, 0, 0}));
  CHECK_SAME_BITS(quantized(Format::int8, {127, -2.5f, 2.4f, 0.5f, -0.4f, -127, 1, 0.5f, -0.5f, 0}, 5),
                  std::vector<float>({127, -3, 2, 1, 0, -127, 1, 1, -1, 0}));
}
