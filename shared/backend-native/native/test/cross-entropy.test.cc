/** @file Tests of the cross-entropy of a head's logits. */
#include <vector>

#include "../kernels.h"
#include "check.h"

using namespace arrowsmith;
using namespace arrowsmith::test;

namespace {

struct Shape {
  int64_t n, d, vocabularySize;
};
// The last ones take more than one chunk of rows, and a last chunk that is smaller.
const Shape kShapes[] = {{1, 1, 1}, {1, 3, 2}, {5, 17, 3}, {9, 64, 65}, {40, 48, 300}, {600, 3, 5000}};

struct Case {
  Shape shape;
  std::vector<float> x, weight;
  std::vector<int32_t> targets;
  LogitOptions options = {};

  explicit Case(const Shape& s, double size = 1)
      : shape(s),
        x(randomFloats(s.n * s.d, 1, -size, size)),
        weight(randomFloats(s.vocabularySize * s.d, 2)),
        targets(randomIntegers(s.n, 3, 0, static_cast<int32_t>(s.vocabularySize))) {}
};

struct Result {
  double loss;
  std::vector<float> dX, dWeight;
};

Result run(const Case& c, Precision precision = Precision::f32) {
  Result r{0, std::vector<float>(c.x.size(), kNaN), std::vector<float>(c.weight.size(), kNaN)};
  r.loss = linearCrossEntropy(precision, c.shape.n, c.shape.d, c.shape.vocabularySize, c.x.data(), c.weight.data(),
                              c.targets.data(), r.dX.data(), r.dWeight.data(), c.options);
  return r;
}

std::vector<float> losses(const Case& c, Precision precision = Precision::f32) {
  std::vector<float> result(static_cast<size_t>(c.shape.n), kNaN);
  tokenLosses(precision, c.shape.n, c.shape.d, c.shape.vocabularySize, c.x.data(), c.weight.data(), c.targets.data(),
              result.data(), c.options);
  return result;
}

/** Losses of all rows, and gradients of their mean, by the formulas. */
struct Naive {
  std::vector<double> losses, dX, dWeight;
  double mean = 0;

  explicit Naive(const Case& c) : Naive(c, toDoubles(c.x), toDoubles(c.weight)) {}

  Naive(const Case& c, const std::vector<double>& x, const std::vector<double>& weight)
      : losses(c.targets.size()), dX(x.size()), dWeight(weight.size()) {
    const size_t d = static_cast<size_t>(c.shape.d), vocabularySize = static_cast<size_t>(c.shape.vocabularySize);
    double count = 0;
    for (const int32_t target : c.targets) count += target >= 0;
    for (size_t i = 0; i < c.targets.size(); i++) {
      if (c.targets[i] < 0) continue;
      const size_t target = static_cast<size_t>(c.targets[i]);
      std::vector<double> logits(vocabularySize);
      for (size_t v = 0; v < vocabularySize; v++) {
        for (size_t j = 0; j < d; j++) logits[v] += x[i * d + j] * weight[v * d + j];
      }
      std::vector<double> slopes(vocabularySize, c.options.scale);
      for (size_t v = 0; v < vocabularySize; v++) {
        const double cap = c.options.softCap, tanh = cap > 0 ? std::tanh(logits[v] * c.options.scale / cap) : 0;
        slopes[v] *= 1 - tanh * tanh;
        logits[v] = cap > 0 ? cap * tanh : logits[v] * c.options.scale;
      }
      double top = logits[0], total = 0;
      for (const double logit : logits) top = std::fmax(top, logit);
      for (const double logit : logits) total += std::exp(logit - top);
      losses[i] = std::log(total) + top - logits[target];
      mean += losses[i] / count;
      for (size_t v = 0; v < vocabularySize; v++) {
        const double gradient = (std::exp(logits[v] - top) / total - (v == target ? 1 : 0)) / count * slopes[v];
        for (size_t j = 0; j < d; j++) {
          dX[i * d + j] += gradient * weight[v * d + j];
          dWeight[v * d + j] += gradient * x[i * d + j];
        }
      }
    }
  }
};

}  // namespace

TEST("token losses and their mean equal the formula in double precision") {
  for (const Shape& shape : kShapes) {
    const Case c(shape);
    const Naive expected(c);
    CHECK_CLOSE(losses(c), expected.losses, 2e-6);
    CHECK_CLOSE(run(c).loss, expected.mean, 2e-6);
  }
}

TEST("scaled and capped logits give the losses and gradients of the formula") {
  for (const Shape& shape : kShapes) {
    for (const LogitOptions& options : {LogitOptions{0.25f, 0}, LogitOptions{1, 2}, LogitOptions{3, 5}}) {
      Case c(shape);
      c.options = options;
      if (shape.n > 2) c.targets[1] = -1;
      const Naive expected(c);
      const Result r = run(c);
      CHECK_CLOSE(losses(c), expected.losses, 5e-6);
      CHECK_CLOSE(r.loss, expected.mean, 5e-6);
      CHECK_CLOSE(r.dX, expected.dX, 5e-6);
      CHECK_CLOSE(r.dWeight, expected.dWeight, 5e-6);
    }
  }
}

TEST("the gradients of the mean loss equal their closed form") {
  for (const Shape& shape : kShapes) {
    const Case c(shape);
    const Naive expected(c);
    const Result actual = run(c);
    CHECK_CLOSE(actual.dX, expected.dX, 1e-6);
    CHECK_CLOSE(actual.dWeight, expected.dWeight, 1e-6);
  }
}

TEST("the gradients of the mean loss equal finite differences") {
  for (const Shape& shape : {Shape{1, 3, 2}, Shape{5, 17, 3}, Shape{4, 5, 19}}) {
    Case c(shape);
    if (c.targets.size() > 1) c.targets[1] = -1;
    std::vector<double> point = toDoubles(c.x);
    point.insert(point.end(), c.weight.begin(), c.weight.end());
    const int64_t split = static_cast<int64_t>(c.x.size());
    const auto f = [&](const std::vector<double>& p) {
      return Naive(c, {p.begin(), p.begin() + split}, {p.begin() + split, p.end()}).mean;
    };
    const std::vector<double> expected = centralDifferences(f, point);
    const Result actual = run(c);
    CHECK_CLOSE(actual.dX, std::vector<double>(expected.begin(), expected.begin() + split), 1e-6);
    CHECK_CLOSE(actual.dWeight, std::vector<double>(expected.begin() + split, expected.end()), 1e-6);
  }
}

TEST("rows without a target have loss 0 and gradient 0, and do not count in the mean") {
  Case c({30, 20, 50});
  for (size_t i = 0; i < 30; i += 3) c.targets[i] = -1;
  const Naive expected(c);
  const Result actual = run(c);
  CHECK_CLOSE(losses(c), expected.losses, 2e-6);
  CHECK_CLOSE(actual.loss, expected.mean, 2e-6);
  CHECK_CLOSE(actual.dX, expected.dX, 1e-6);
  CHECK_CLOSE(actual.dWeight, expected.dWeight, 1e-6);
  for (size_t i = 0; i < 20; i++) CHECK(actual.dX[i] == 0);
}

TEST("without any target the loss and all gradients are 0") {
  Case c({4, 5, 6});
  c.targets.assign(4, -1);
  const Result actual = run(c);
  CHECK(actual.loss == 0);
  CHECK_SAME_BITS(actual.dX, std::vector<float>(c.x.size()));
  CHECK_SAME_BITS(actual.dWeight, std::vector<float>(c.weight.size()));
  CHECK_SAME_BITS(losses(c), std::vector<float>(4));
  const Case none({0, 5, 6});
  CHECK(run(none).loss == 0);
  CHECK_SAME_BITS(run(none).dWeight, std::vector<float>(none.weight.size()));
  CHECK(losses(none).empty());
}

TEST("logits of ten thousand do not overflow") {
  const Case c({20, 16, 70}, 1e4);
  const Naive expected(c);
  // Logits are exact to 6e-8 of their terms, some 1e4: losses, of the same size, to 1e-6 of 1e4.
  CHECK_CLOSE(losses(c), expected.losses, 1e-6);
  const Result actual = run(c);
  CHECK_CLOSE(actual.loss, expected.mean, 1e-6);
  CHECK_CLOSE(actual.dX, expected.dX, 1e-3);  // probabilities are exact to the logits' absolute error
  for (const float x : actual.dWeight) CHECK(std::isfinite(x));
}

TEST("a NaN or an infinity in a row makes its loss and the mean NaN, but no other row's") {
  for (const float bad : {kNaN, kInfinity}) {
    Case c({10, 16, 70});
    c.x[5 * 16] = bad;
    const std::vector<float> perToken = losses(c);
    for (size_t i = 0; i < 10; i++) CHECK(std::isnan(perToken[i]) == (i == 5));
    const Result actual = run(c);
    CHECK(std::isnan(actual.loss));
    for (size_t i = 0; i < c.x.size(); i++) CHECK(std::isnan(actual.dX[i]) == (i / 16 == 5));
    CHECK(std::isnan(actual.dWeight[0]));
  }
}

TEST("with bfloat16 products the loss and its gradients stay within the rounding of bfloat16") {
  const Case c({40, 48, 300});
  const Naive expected(c);
  const Result actual = run(c, Precision::bf16);
  // bfloat16 keeps 8 bits: 48 products, each off by up to 2^-8, with random signs.
  CHECK_CLOSE(losses(c, Precision::bf16), expected.losses, 3e-2);
  CHECK_CLOSE(actual.loss, expected.mean, 1e-2);
  CHECK_CLOSE(actual.dX, expected.dX, 2e-3);
  CHECK_CLOSE(actual.dWeight, expected.dWeight, 2e-3);
}

TEST("cross-entropy gives the same bits on any number of threads") {
  const Case c({600, 20, 5000});
  for (const Precision precision : {Precision::f32, Precision::bf16}) {
    CHECK_SAME_FOR_ANY_THREADS([&] { return losses(c, precision); });
    CHECK_SAME_FOR_ANY_THREADS([&] { return run(c, precision).dX; });
    CHECK_SAME_FOR_ANY_THREADS([&] {
      Result r = run(c, precision);
      r.dWeight.push_back(static_cast<float>(r.loss));
      return r.dWeight;
    });
  }
}
