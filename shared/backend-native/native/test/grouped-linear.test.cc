/** @file Tests of linear layers by groups of rows, and their gradients: each group is what linear.cc makes of it. */
#include <numeric>

#include "../kernels.h"
#include "check.h"

using namespace arrowsmith;
using namespace arrowsmith::test;

namespace {

/** The same products in another order: of at most 700 roundings of sums around 10, √700 · 10 · 2⁻²⁴ = 1.6e-5 are left. */
constexpr double kTolerance = 3e-5;

struct Case {
  std::vector<int32_t> offsets{0};
  int64_t groups, in, n;
  std::vector<int64_t> outs;
  std::vector<float> x;
  std::vector<std::vector<float>> weights, dYs;

  Case(const std::vector<int32_t>& counts, int64_t input, const std::vector<int64_t>& outputs)
      : groups(static_cast<int64_t>(counts.size())), in(input), outs(outputs) {
    for (const int32_t count : counts) offsets.push_back(offsets.back() + count);
    n = offsets.back();
    x = randomFloats(n * in, 1);
    for (size_t i = 0; i < outs.size(); i++) {
      weights.push_back(randomFloats(groups * outs[i] * in, 2 + i));
      dYs.push_back(randomFloats(n * outs[i], 12 + i));
    }
  }
};

const Case kCases[] = {{{1}, 1, {1}},
                       {{0, 0}, 5, {3}},
                       {{3, 0, 7}, 17, {5, 66}},
                       {{0, 700, 1, 12, 0}, 33, {17}},
                       {{6, 5, 130, 64}, 129, {130, 31}},
                       {{2, 9}, 800, {33}}};

using Vectors = std::vector<std::vector<float>>;

/** Results and gradients: y of each layer, dX, dWeight of each layer. */
Vectors compute(Precision precision, const Case& c) {
  Vectors ys, dWeights;
  std::vector<float> dX(c.x.size(), kNaN);
  std::vector<GroupedLayer> layers;
  std::vector<LinearLayer> gradients;
  for (size_t i = 0; i < c.outs.size(); i++) {
    ys.emplace_back(c.dYs[i].size(), kNaN);
    dWeights.emplace_back(c.weights[i].size(), kNaN);
  }
  for (size_t i = 0; i < c.outs.size(); i++) {
    layers.push_back({c.outs[i], c.weights[i].data(), ys[i].data()});
    gradients.push_back({c.outs[i], c.dYs[i].data(), c.weights[i].data(), dWeights[i].data()});
  }
  const int64_t count = static_cast<int64_t>(layers.size());
  groupedLinear(precision, c.groups, c.offsets.data(), c.in, c.x.data(), layers.data(), count);
  groupedLinearGradients(precision, c.groups, c.offsets.data(), c.in, c.x.data(), gradients.data(), count, dX.data());
  Vectors all = ys;
  all.push_back(dX);
  all.insert(all.end(), dWeights.begin(), dWeights.end());
  return all;
}

/** The same by {@link linear} and its gradients, group by group. */
Vectors expectedOf(Precision precision, const Case& c) {
  Vectors ys, dWeights;
  std::vector<float> dX(c.x.size());
  for (size_t i = 0; i < c.outs.size(); i++) {
    ys.emplace_back(c.dYs[i].size());
    dWeights.emplace_back(c.weights[i].size());  // zeros, for groups without rows
  }
  for (int64_t group = 0; group < c.groups; group++) {
    const int64_t begin = c.offsets[static_cast<size_t>(group)], rows = c.offsets[static_cast<size_t>(group + 1)] - begin;
    if (rows == 0) continue;
    std::vector<LinearLayer> layers;
    for (size_t i = 0; i < c.outs.size(); i++) {
      const int64_t out = c.outs[i], at = group * out * c.in;
      linear(precision, rows, c.in, out, c.x.data() + begin * c.in, c.weights[i].data() + at, nullptr, ys[i].data() + begin * out);
      layers.push_back({out, c.dYs[i].data() + begin * out, c.weights[i].data() + at, dWeights[i].data() + at});
    }
    linearGradients(precision, rows, c.in, c.x.data() + begin * c.in, layers.data(), static_cast<int64_t>(layers.size()),
                    dX.data() + begin * c.in);
  }
  Vectors all = ys;
  all.push_back(dX);
  all.insert(all.end(), dWeights.begin(), dWeights.end());
  return all;
}

}  // namespace

TEST("grouped linear layers and their gradients are those of each group's rows by its own weight") {
  for (const Precision precision : {Precision::f32, Precision::bf16}) {
    for (const Case& c : kCases) {
      const Vectors actual = compute(precision, c), expected = expectedOf(precision, c);
      for (size_t i = 0; i < expected.size(); i++) CHECK_CLOSE(actual[i], expected[i], kTolerance);
    }
  }
}

TEST("grouped linear layers give the same bits on any number of threads") {
  const Case cases[] = {{{300, 0, 5, 41, 12}, 65, {130, 70}}, {{9, 0, 7}, 500, {300}}};
  for (const Case& c : cases) {
    for (const Precision precision : {Precision::f32, Precision::bf16}) {
      CHECK_SAME_FOR_ANY_THREADS([&] {
        std::vector<float> joined;
        for (const std::vector<float>& part : compute(precision, c)) joined.insert(joined.end(), part.begin(), part.end());
        return joined;
      });
    }
  }
}

TEST("more weights than are packed at once give what each gives by itself") {
  const Case c({30, 8, 40, 10, 20}, 1024, {700});  // 14 MB
  const Vectors actual = compute(Precision::f32, c), expected = expectedOf(Precision::f32, c);
  for (size_t i = 0; i < expected.size(); i++) CHECK_CLOSE(actual[i], expected[i], 1e-4);  // sums of 1024 terms
}

TEST("a NaN in a group's rows reaches no other group") {
  Case c({4, 9, 8}, 20, {30});
  c.x[static_cast<size_t>(6 * c.in + 3)] = kNaN;  // a row of the second
  const std::vector<float> y = compute(Precision::f32, c)[0];
  for (int64_t i = 0; i < c.n * 30; i++) CHECK(std::isnan(y[static_cast<size_t>(i)]) == (i / 30 == 6));
}
