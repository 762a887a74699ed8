/** @file Products of tall matrices against sums in double precision. */
#include "../tall-products.h"

#include "check.h"

namespace arrowsmith::test {
namespace {

/** Some products with one right-hand side, whose rows all have gaps between them. */
struct Products {
  int64_t k, n;
  std::vector<int64_t> columns;
  std::vector<float> b;
  std::vector<std::vector<float>> a, c;

  Products(int64_t rows, int64_t width, std::vector<int64_t> sizes)
      : k(rows), n(width), columns(std::move(sizes)), b(randomFloats(k * strideB(), 1)) {
    for (size_t i = 0; i < columns.size(); i++) {
      a.push_back(randomFloats(k * strideA(i), static_cast<uint32_t>(2 + i)));
      c.push_back(randomFloats(columns[i] * strideC(), static_cast<uint32_t>(20 + i)));
    }
  }

  int64_t strideA(size_t i) const { return columns[i] + 3; }
  int64_t strideB() const { return n + 1; }
  int64_t strideC() const { return n + 2; }

  /** All results in succession. Every second product adds to what is there. */
  std::vector<float> compute(Precision precision) const {
    std::vector<std::vector<float>> results = c;
    std::vector<TallProduct> products;
    for (size_t i = 0; i < columns.size(); i++) {
      products.push_back({columns[i], a[i].data(), strideA(i), results[i].data(), strideC(), i % 2 == 1});
    }
    multiplyTall(precision, k, n, b.data(), strideB(), products.data(), static_cast<int64_t>(products.size()));
    std::vector<float> all;
    for (const std::vector<float>& result : results) all.insert(all.end(), result.begin(), result.end());
    return all;
  }

  std::vector<double> expected() const {
    std::vector<double> all;
    for (size_t i = 0; i < columns.size(); i++) {
      std::vector<double> result = toDoubles(c[i]);
      for (int64_t row = 0; row < columns[i]; row++) {
        for (int64_t column = 0; column < n; column++) {
          double& total = result[static_cast<size_t>(row * strideC() + column)];
          if (i % 2 == 0) total = 0;
          for (int64_t p = 0; p < k; p++) {
            total += double{a[i][static_cast<size_t>(p * strideA(i) + row)]} * b[static_cast<size_t>(p * strideB() + column)];
          }
        }
      }
      all.insert(all.end(), result.begin(), result.end());
    }
    return all;
  }
};

// No row, one row, less than a share, one layer and a bit, more layers than there is memory for; widths that are no multiple of anything.
const Products& cases(size_t i) {
  static const Products all[] = {{0, 5, {3, 4}},       {1, 1, {1}},          {31, 65, {7, 13}},
                                 {385, 129, {6, 1, 101}}, {1600, 33, {48, 17}}, {2711, 350, {100, 5}}};
  return all[i];
}

TEST("tall products of all sizes are right, and write nothing between the rows") {
  for (size_t i = 0; i < 6; i++) {
    const Products& products = cases(i);
    const double root = std::sqrt(static_cast<double>(products.k));
    CHECK_CLOSE(products.compute(Precision::f32), products.expected(), 2e-6 * root);
    // Rounding two factors below 1 to 8 bits: each product is off by up to 2^-8, in any direction.
    if (hasBf16()) CHECK_CLOSE(products.compute(Precision::bf16), products.expected(), 0.008 * (root + 1));
  }
}

TEST("tall products have the same bits for any number of threads") {
  for (const Precision precision : {Precision::f32, Precision::bf16}) {
    for (size_t i = 3; i < 6; i++) CHECK_SAME_FOR_ANY_THREADS([&] { return cases(i).compute(precision); });
  }
}

}  // namespace
}  // namespace arrowsmith::test
