/** @file Tests of matrices whose rows are scaled to the magnitude of another's. */
#include <vector>

#include "../kernels.h"
#include "check.h"

using namespace arrowsmith;
using namespace arrowsmith::test;

namespace {

struct Sizes {
  int64_t n, d, count;
  /** Values in [−1, 1) have a mean square of about 1/3. */
  float least;
};

const Sizes kSizes[] = {{1, 1, 1, 1e-5f}, {3, 17, 3, 0.3f}, {5, 64, 2, 10}, {300, 130, 1, 1e-5f}};

/** x: the other matrix, then `count` more. */
std::vector<double> naive(const Sizes& sizes, const std::vector<double>& x) {
  const auto [n, d, count, least] = sizes;
  const auto meanSquare = [&, d = d](int64_t begin) {
    double total = 0;
    for (int64_t k = begin; k < begin + d; k++) total += x[static_cast<size_t>(k)] * x[static_cast<size_t>(k)];
    return total / static_cast<double>(d);
  };
  std::vector<double> ys;
  for (int64_t at = n * d; at < static_cast<int64_t>(x.size()); at++) {
    const int64_t row = at / d * d;
    const double ratio = std::sqrt(meanSquare(row % (n * d)) / std::fmax(meanSquare(row), static_cast<double>(least)));
    ys.push_back(ratio * x[static_cast<size_t>(at)]);
  }
  return ys;
}

struct Result {
  std::vector<float> ys, gradients;
};

Result run(const Sizes& sizes, const std::vector<float>& x, const std::vector<float>& dYs) {
  const auto [n, d, count, least] = sizes;
  const int64_t size = n * d;
  Result r{std::vector<float>(dYs.size(), kNaN), std::vector<float>(x.size(), kNaN)};
  std::vector<const float*> xs, gradients;
  std::vector<float*> ys, dXs;
  for (int64_t i = 0; i < count; i++) {
    xs.push_back(x.data() + (i + 1) * size);
    gradients.push_back(dYs.data() + i * size);
    ys.push_back(r.ys.data() + i * size);
    dXs.push_back(r.gradients.data() + (i + 1) * size);
  }
  matchMagnitudes(n, d, count, least, x.data(), xs.data(), ys.data());
  matchMagnitudesGradient(n, d, count, least, gradients.data(), x.data(), xs.data(), r.gradients.data(), dXs.data());
  return r;
}

std::vector<float> randomInputs(const Sizes& sizes) { return randomFloats(sizes.n * sizes.d * (sizes.count + 1), 1); }
std::vector<float> randomGradients(const Sizes& sizes) { return randomFloats(sizes.n * sizes.d * sizes.count, 2); }

}  // namespace

TEST("rows get the root mean square of the other matrix's, unless their own is too small") {
  for (const Sizes& sizes : kSizes) {
    const std::vector<float> x = randomInputs(sizes);
    CHECK_CLOSE(run(sizes, x, randomGradients(sizes)).ys, naive(sizes, toDoubles(x)), 1e-6);
  }
}

TEST("the gradients of matched magnitudes equal finite differences") {
  for (const Sizes& sizes : {Sizes{1, 1, 1, 1e-5f}, Sizes{2, 7, 3, 0.3f}, Sizes{3, 20, 2, 10}}) {
    const std::vector<float> x = randomInputs(sizes), dYs = randomGradients(sizes);
    const auto f = [&, own = sizes](const std::vector<double>& p) { return dot(naive(own, p), toDoubles(dYs)); };
    CHECK_CLOSE(run(sizes, x, dYs).gradients, centralDifferences(f, toDoubles(x)), 1e-5);
  }
}

TEST("rows of zeros stay zero, and have a finite gradient") {
  const Sizes sizes{2, 5, 1, 1e-5f};
  std::vector<float> x = randomInputs(sizes);
  std::fill(x.begin(), x.begin() + 5, 0.0f);         // the first row of the other matrix
  std::fill(x.begin() + 15, x.begin() + 20, 0.0f);  // and the second one's own
  const Result r = run(sizes, x, randomGradients(sizes));
  CHECK_CLOSE(r.ys, std::vector<double>(10), 0);
  for (const float gradient : r.gradients) CHECK(std::isfinite(gradient));
}

TEST("matched magnitudes have the same bits on any number of threads") {
  const Sizes sizes{500, 70, 3, 1e-5f};
  CHECK_SAME_FOR_ANY_THREADS([&] { return run(sizes, randomInputs(sizes), randomGradients(sizes)).ys; });
  CHECK_SAME_FOR_ANY_THREADS([&] { return run(sizes, randomInputs(sizes), randomGradients(sizes)).gradients; });
}
