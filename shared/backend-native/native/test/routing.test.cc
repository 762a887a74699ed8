/** @file Tests of the routing of tokens to experts. */
#include <algorithm>
#include <numeric>

#include "../kernels.h"
#include "check.h"

using namespace arrowsmith;
using namespace arrowsmith::test;

namespace {

using Floats = std::vector<float>;
using Integers = std::vector<int32_t>;

/** Sums of at most 8 products of numbers below 1. */
constexpr double kTolerance = 1e-6;

struct Case {
  int64_t n, k, d;
  Integers slots;
  Floats weights;

  Case(int64_t tokens, int64_t choices, int64_t size) : n(tokens), k(choices), d(size), slots(static_cast<size_t>(n * k)) {
    std::iota(slots.begin(), slots.end(), 0);
    Random random(3);
    for (size_t i = slots.size() - 1; i > 0; i--) std::swap(slots[i], slots[static_cast<size_t>(random.below(static_cast<int64_t>(i) + 1))]);
    weights = randomFloats(n * k, 2);
  }
};

const Case kCases[] = {{1, 1, 1}, {3, 2, 17}, {130, 8, 33}, {700, 1, 64}};

}  // namespace

TEST("the largest of a row come first, of equal ones the first, and NaN before all") {
  const Floats x = {1, 3, 3, 0, kNaN, 2, -kInfinity, kNaN, 3, 3, kInfinity, 3, 0, 0, 0, 0, 0, 0};
  Floats values(9, 7);
  Integers indices(9, -1);
  topK(3, 6, 3, x.data(), values.data(), indices.data());
  CHECK((indices == Integers{4, 1, 2, 1, 4, 2, 0, 1, 2}));
  CHECK_CLOSE(values, (Floats{kNaN, 3, 3, kNaN, kInfinity, 3, 0, 0, 0}), 0);
}

TEST("the gradient of the largest goes where they were, and is zero elsewhere") {
  const Floats dValues = {1, 2, 3, 4};
  const Integers indices = {2, 0, 1, 2};
  Floats dX(6, kNaN);
  topKGradient(2, 3, 2, dValues.data(), indices.data(), dX.data());
  CHECK_CLOSE(dX, (Floats{2, 0, 1, 0, 3, 4}), 0);
}

TEST("rows go to the slots of their token's choices, and come back as weighted sums") {
  for (const Case& c : kCases) {
    const Floats x = randomFloats(c.n * c.d, 1), back = randomFloats(c.n * c.k * c.d, 4);
    for (const bool weighted : {false, true}) {
      const float* weights = weighted ? c.weights.data() : nullptr;
      Floats sent(back.size(), kNaN), combined(x.size(), kNaN), products(c.slots.size(), kNaN);
      dispatch(c.n, c.k, c.d, c.slots.data(), weights, x.data(), sent.data());
      combine(c.n, c.k, c.d, c.slots.data(), weights, back.data(), combined.data());
      slotProducts(c.n, c.k, c.d, c.slots.data(), x.data(), back.data(), products.data());
      std::vector<double> expectedSent(sent.size()), expectedCombined(combined.size()), expectedProducts(products.size());
      for (int64_t i = 0; i < c.n * c.k; i++) {
        const double weight = weighted ? c.weights[static_cast<size_t>(i)] : 1;
        for (int64_t j = 0; j < c.d; j++) {
          const size_t here = static_cast<size_t>(i / c.k * c.d + j);
          const size_t there = static_cast<size_t>(c.slots[static_cast<size_t>(i)] * c.d + j);
          expectedSent[there] = weight * x[here];
          expectedCombined[here] += weight * back[there];
          expectedProducts[static_cast<size_t>(i)] += static_cast<double>(x[here]) * back[there];
        }
      }
      CHECK_CLOSE(sent, expectedSent, kTolerance);
      CHECK_CLOSE(combined, expectedCombined, kTolerance);
      CHECK_CLOSE(products, expectedProducts, 1e-5);  // sums of 64
    }
  }
}

TEST("routing gives the same bits on any number of threads") {
  const Case c(700, 4, 33);
  const Floats x = randomFloats(c.n * c.k * c.d, 1), logits = randomFloats(c.n * 40, 5);
  CHECK_SAME_FOR_ANY_THREADS([&] {
    Floats y(static_cast<size_t>(c.n * c.d));
    combine(c.n, c.k, c.d, c.slots.data(), c.weights.data(), x.data(), y.data());
    return y;
  });
  CHECK_SAME_FOR_ANY_THREADS([&] {
    Floats values(static_cast<size_t>(c.n * 4));
    Integers indices(values.size());
    topK(c.n, 40, 4, logits.data(), values.data(), indices.data());
    values.insert(values.end(), indices.begin(), indices.end());
    return values;
  });
}
