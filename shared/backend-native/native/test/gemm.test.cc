/** @file Matrix products against sums in double precision. */
#include "../gemm.h"

#include <memory>

#include "check.h"

namespace arrowsmith::test {
namespace {

struct Sizes {
  int64_t m, n, k;
};

// No multiple of anything, one more and one less than tiles, panels, blocks and depths, single rows and columns.
const Sizes kSizes[] = {{1, 1, 1},   {1, 5, 3},    {2, 3, 1},     {5, 64, 17},   {6, 65, 16},  {7, 63, 33},
                        {13, 130, 2}, {25, 31, 385}, {97, 129, 771}, {203, 33, 48}, {1, 300, 97}, {64, 200, 1153}};

double valueOf(const std::vector<float>& matrix, int64_t stride, bool transposed, int64_t i, int64_t j) {
  return matrix[static_cast<size_t>(transposed ? j * stride + i : i * stride + j)];
}

/** A float32 with its last 16 bits rounded away, to the nearest even. */
float rounded(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, 4);
  bits = (bits + 0x7fff + ((bits >> 16) & 1)) & 0xffff0000;
  std::memcpy(&x, &bits, 4);
  return x;
}

struct Product {
  Sizes sizes;
  bool transposeA, transposeB;
  std::vector<float> a, b, c;
  int64_t strideA, strideB, strideC;

  Product(Sizes s, bool ta, bool tb)
      : sizes(s), transposeA(ta), transposeB(tb), strideA((ta ? s.m : s.k) + 3), strideB((tb ? s.k : s.n) + 1), strideC(s.n + 2) {
    a = randomFloats((ta ? s.k : s.m) * strideA, 1);
    b = randomFloats((tb ? s.n : s.k) * strideB, 2);
    c = randomFloats(s.m * strideC, 3);
  }

  std::vector<float> compute(Precision precision, bool accumulate) const {
    std::vector<float> result = c;
    gemm(precision, sizes.m, sizes.n, sizes.k, {a.data(), strideA, transposeA}, {b.data(), strideB, transposeB}, result.data(),
         strideC, accumulate);
    return result;
  }

  std::vector<double> expected(Precision precision, bool accumulate) const {
    std::vector<double> result = toDoubles(c);
    const bool rounds = precision == Precision::bf16 && hasBf16() && !(sizes.m < 6 && transposeB && !transposeA);
    for (int64_t i = 0; i < sizes.m; i++) {
      for (int64_t j = 0; j < sizes.n; j++) {
        double total = accumulate ? c[static_cast<size_t>(i * strideC + j)] : 0;
        for (int64_t p = 0; p < sizes.k; p++) {
          const double x = valueOf(a, strideA, transposeA, i, p), y = valueOf(b, strideB, transposeB, p, j);
          total += rounds ? double{rounded(static_cast<float>(x))} * rounded(static_cast<float>(y)) : x * y;
        }
        result[static_cast<size_t>(i * strideC + j)] = total;
      }
    }
    return result;
  }
};

TEST("products of all sizes and transposes are right, and write nothing between the rows") {
  for (const Sizes sizes : kSizes) {
    for (const bool transposeA : {false, true}) {
      for (const bool transposeB : {false, true}) {
        const Product product(sizes, transposeA, transposeB);
        for (const bool accumulate : {false, true}) {
          // The rounding errors of sums of k products below 1: a random walk of steps of 1e-7 · √k, far below this.
          const double tolerance = 2e-6 * std::sqrt(static_cast<double>(sizes.k));
          CHECK_CLOSE(product.compute(Precision::f32, accumulate), product.expected(Precision::f32, accumulate), tolerance);
          CHECK_CLOSE(product.compute(Precision::bf16, accumulate), product.expected(Precision::bf16, accumulate), tolerance);
        }
      }
    }
  }
}

TEST("an epilogue sees every element once, complete and with its addend") {
  for (const Sizes& sizes : kSizes) {
    const auto [m, n, k] = sizes;
    for (const bool transposeA : {false, true}) {
      const std::vector<float> a = randomFloats(m * k, 1), b = randomFloats(k * n, 2), addend = randomFloats(m * n, 3);
      const Matrix left{a.data(), transposeA ? m : k, transposeA}, right{b.data(), k, true};
      std::vector<float> expected = addend, c(addend.size(), kNaN), seen(addend.size());
      gemm(Precision::f32, m, n, k, left, right, expected.data(), n, true);
      gemm(Precision::f32, m, n, k, left, right, c.data(), {addend.data(), [&, n = n](const Region& region) {
             for (int64_t i = region.row0; i < region.row1; i++) {
               for (int64_t j = region.column0; j < region.column1; j++) seen[static_cast<size_t>(i * n + j)] += c[static_cast<size_t>(i * n + j)];
             }
           }});
      CHECK_SAME_BITS(c, expected);
      CHECK_SAME_BITS(seen, expected);
    }
  }
}

TEST("a product has the same bits for any number of threads") {
  for (const Precision precision : {Precision::f32, Precision::bf16}) {
    for (const bool transposeA : {false, true}) {
      const Product product({203, 190, 1553}, transposeA, !transposeA);
      CHECK_SAME_FOR_ANY_THREADS([&] { return product.compute(precision, true); });
    }
  }
}

TEST("an empty sum is zero, or what was there") {
  const Product product({7, 9, 0}, false, false);
  CHECK_CLOSE(product.compute(Precision::f32, true), toDoubles(product.c), 0);
  const std::vector<float> zeros = product.compute(Precision::f32, false);
  for (int64_t i = 0; i < 7; i++) CHECK(zeros[static_cast<size_t>(i * product.strideC + 8)] == 0);
}

TEST("NaN and infinities reach what they are multiplied into, and nothing else") {
  for (const Precision precision : {Precision::f32, Precision::bf16}) {
    Product product({40, 70, 50}, false, true);
    product.a[static_cast<size_t>(11 * product.strideA + 20)] = kNaN;
    product.b[static_cast<size_t>(33 * product.strideB + 49)] = kInfinity;
    const std::vector<float> result = product.compute(precision, false);
    for (int64_t i = 0; i < 40; i++) {
      for (int64_t j = 0; j < 70; j++) {
        const float value = result[static_cast<size_t>(i * product.strideC + j)];
        CHECK(std::isnan(value) == (i == 11));
        CHECK(std::isinf(value) == (i != 11 && j == 33));
      }
    }
  }
}

TEST("parts of a packed matrix multiply as the parts do") {
  for (const Precision precision : {Precision::f32, Precision::bf16}) {
    const int64_t m = 20, n = 3 * kPanelColumns + 5, k = 61;
    const std::vector<float> a = randomFloats(m * k, 4), b = randomFloats(n * k, 5);
    std::vector<float> memory(packedBytes(precision, k, n) / 4 + 16);
    void* aligned = memory.data();
    size_t space = memory.size() * 4;
    const PackedB packed{hasBf16() ? precision : Precision::f32, k, n, std::align(64, packedBytes(precision, k, n), aligned, space)};
    pack(packed, {b.data(), k, true});
    const int64_t k0 = 10, k1 = 47, n0 = kPanelColumns, n1 = 2 * kPanelColumns + 3;
    std::vector<float> c(static_cast<size_t>(m * (n1 - n0)));
    multiplyPacked(m, {a.data() + k0, k, false}, packed, k0, k1, n0, n1, c.data(), n1 - n0, false);
    std::vector<float> whole(c.size());
    gemm(precision, m, n1 - n0, k1 - k0, {a.data() + k0, k, false}, {b.data() + n0 * k + k0, k, true}, whole.data(), n1 - n0, false);
    CHECK_CLOSE(c, whole, 2e-5);
  }
}

TEST("batches multiply one by one, and may share a matrix") {
  const int64_t count = 9, m = 5, n = 17, k = 7;
  const std::vector<float> a = randomFloats(count * m * k, 6), b = randomFloats(n * k, 7);
  std::vector<float> c(static_cast<size_t>(count * m * n)), expected(c.size());
  gemmBatched(Precision::f32, false, false, count, m, n, k, a.data(), m * k, b.data(), 0, c.data());
  gemm(Precision::f32, count * m, n, k, {a.data(), k, false}, {b.data(), n, false}, expected.data(), n, false);
  CHECK_CLOSE(c, expected, 1e-6);
}

}  // namespace
}  // namespace arrowsmith::test
