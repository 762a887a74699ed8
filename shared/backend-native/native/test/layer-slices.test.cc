/** @file Tests of sums that are taken apart by layer. */
#include <vector>

#include "../kernels.h"
#include "check.h"

using namespace arrowsmith;
using namespace arrowsmith::test;

namespace {

struct Sizes {
  int64_t n, layers, p;
};

const Sizes kSizes[] = {{1, 1, 1}, {3, 5, 17}, {2, 3, 64}, {700, 4, 20}};

template <class Pointer>
std::vector<Pointer> slices(Pointer first, const Sizes& sizes) {
  std::vector<Pointer> result;
  for (int64_t layer = 0; layer < sizes.layers; layer++) result.push_back(first + layer * sizes.n * sizes.p);
  return result;
}

/** Where element i of a matrix [n, layers, p] is in its slices [layers, n, p]. */
size_t placeOf(const Sizes& sizes, int64_t i) {
  const auto [n, layers, p] = sizes;
  return static_cast<size_t>((i / p % layers * n + i / p / layers) * p + i % p);
}

}  // namespace

TEST("a layer's slice has its vector of every row, of both matrices by their factors") {
  for (const Sizes& sizes : kSizes) {
    const auto [n, layers, p] = sizes;
    const std::vector<float> a = randomFloats(n * layers * p, 1), b = randomFloats(n * layers * p, 2);
    std::vector<float> ys(a.size(), kNaN);
    sumLayerSlices(n, layers, p, a.data(), 0.5f, b.data(), -3, slices(ys.data(), sizes).data());
    std::vector<double> expected(a.size());
    for (size_t i = 0; i < a.size(); i++) {
      expected[placeOf(sizes, static_cast<int64_t>(i))] = 0.5 * static_cast<double>(a[i]) - 3 * static_cast<double>(b[i]);
    }
    CHECK_CLOSE(ys, expected, 1e-6);
  }
}

TEST("the gradients of both matrices are the slices', put together again and times the factors") {
  for (const Sizes& sizes : kSizes) {
    const auto [n, layers, p] = sizes;
    const std::vector<float> dYs = randomFloats(n * layers * p, 1);
    std::vector<float> dA(dYs.size(), kNaN), dB(dYs.size(), kNaN), expectedA, expectedB;
    sumLayerSlicesGradient(n, layers, p, slices(dYs.data(), sizes).data(), 0.5f, -3, dA.data(), dB.data());
    for (size_t i = 0; i < dYs.size(); i++) {
      expectedA.push_back(0.5f * dYs[placeOf(sizes, static_cast<int64_t>(i))]);
      expectedB.push_back(-3 * dYs[placeOf(sizes, static_cast<int64_t>(i))]);
    }
    CHECK_SAME_BITS(dA, expectedA);
    CHECK_SAME_BITS(dB, expectedB);
  }
}

TEST("slices have the same bits on any number of threads") {
  CHECK_SAME_FOR_ANY_THREADS([] {
    const Sizes sizes{900, 5, 18};
    const std::vector<float> a = randomFloats(900 * 5 * 18, 1), b = randomFloats(900 * 5 * 18, 2);
    std::vector<float> ys(a.size());
    sumLayerSlices(900, 5, 18, a.data(), 0.3f, b.data(), 0.7f, slices(ys.data(), sizes).data());
    return ys;
  });
}
