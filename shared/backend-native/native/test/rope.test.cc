/** @file Tests of rotary position embeddings. */
#include <vector>

#include "../kernels.h"
#include "check.h"

using namespace arrowsmith;
using namespace arrowsmith::test;

namespace {

struct Shape {
  int64_t rows, s, heads, headDim, rotaryPairs;
};
const Shape kShapes[] = {{1, 1, 1, 2, 1},    {3, 3, 1, 3, 1},    {6, 3, 2, 6, 3},   {10, 5, 3, 34, 17},
                         {8, 4, 6, 48, 24},  {9, 9, 2, 64, 32},  {4, 2, 2, 48, 12}, {5, 5, 1, 7, 0},
                         {600, 20, 3, 18, 9}};

struct Angles {
  std::vector<float> cos, sin;
};

Angles angles(const Shape& shape) {
  Angles result;
  for (const float angle : randomFloats(shape.s * shape.rotaryPairs, 7, -3, 3)) {
    result.cos.push_back(std::cos(angle));
    result.sin.push_back(std::sin(angle));
  }
  return result;
}

std::vector<float> run(const Shape& shape, const std::vector<float>& x, bool interleaved, bool inverse) {
  const auto [rows, s, heads, headDim, rotaryPairs] = shape;
  const Angles a = angles(shape);
  std::vector<float> y(x.size(), kNaN);
  rope(rows, s, heads, headDim, {a.cos.data(), a.sin.data(), rotaryPairs, interleaved}, x.data(), inverse, y.data());
  return y;
}

std::vector<float> input(const Shape& shape) { return randomFloats(shape.rows * shape.heads * shape.headDim, 1); }

std::vector<double> naive(const Shape& shape, const std::vector<double>& x, bool interleaved) {
  const Angles a = angles(shape);
  std::vector<double> y = x;
  for (int64_t row = 0; row < shape.rows; row++) {
    for (int64_t head = 0; head < shape.heads; head++) {
      const int64_t first = (row * shape.heads + head) * shape.headDim;
      for (int64_t j = 0; j < shape.rotaryPairs; j++) {
        const size_t p = static_cast<size_t>(first + (interleaved ? 2 * j : j));
        const size_t q = static_cast<size_t>(first + (interleaved ? 2 * j + 1 : j + shape.rotaryPairs));
        const size_t angle = static_cast<size_t>(row % shape.s * shape.rotaryPairs + j);
        const double cos = a.cos[angle], sin = a.sin[angle];
        y[p] = x[p] * cos - x[q] * sin;
        y[q] = x[q] * cos + x[p] * sin;
      }
    }
  }
  return y;
}

}  // namespace

TEST("rope turns each plane by its position's angle and leaves the other coordinates") {
  for (const Shape& shape : kShapes) {
    for (const bool interleaved : {false, true}) {
      const std::vector<float> x = input(shape);
      CHECK_CLOSE(run(shape, x, interleaved, false), naive(shape, toDoubles(x), interleaved), 3e-7);
    }
  }
}

TEST("turning back undoes a turn") {
  for (const Shape& shape : kShapes) {
    for (const bool interleaved : {false, true}) {
      CHECK_CLOSE(run(shape, run(shape, input(shape), interleaved, false), interleaved, true), input(shape), 1e-6);
    }
  }
}

TEST("turning back is the gradient of turning") {
  for (const Shape& shape : {kShapes[0], kShapes[1], kShapes[2], kShapes[6]}) {
    for (const bool interleaved : {false, true}) {
      const std::vector<float> x = input(shape), dY = randomFloats(static_cast<int64_t>(x.size()), 9);
      const auto f = [&](const std::vector<double>& point) {
        return dot(naive(shape, point, interleaved), toDoubles(dY));
      };
      CHECK_CLOSE(run(shape, dY, interleaved, true), centralDifferences(f, toDoubles(x)), 1e-6);
    }
  }
}

TEST("a NaN reaches the two coordinates of its plane only") {
  const Shape shape{2, 2, 2, 48, 20};
  for (const bool interleaved : {false, true}) {
    std::vector<float> x = input(shape);
    const size_t head = 2 * 48;
    x[head + 6] = kNaN;
    const std::vector<float> y = run(shape, x, interleaved, false);
    const size_t partner = head + (interleaved ? 7 : 26);
    for (size_t i = 0; i < y.size(); i++) CHECK(std::isnan(y[i]) == (i == head + 6 || i == partner));
  }
}

TEST("rope may write over its input, and gives the same bits on any number of threads") {
  for (const bool interleaved : {false, true}) {
    const Shape shape{1000, 50, 2, 50, 20};
    const std::vector<float> expected = run(shape, input(shape), interleaved, false);
    CHECK_SAME_FOR_ANY_THREADS([&] { return run(shape, input(shape), interleaved, false); });
    std::vector<float> x = input(shape);
    const Angles a = angles(shape);
    rope(1000, 50, 2, 50, {a.cos.data(), a.sin.data(), 20, interleaved}, x.data(), false, x.data());
    CHECK_SAME_BITS(x, expected);
  }
}
