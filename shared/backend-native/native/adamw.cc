/** @file AdamW: Adam with decoupled weight decay (Loshchilov & Hutter 2017, https://arxiv.org/abs/1711.05101). */
#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels.h"
#include "parallel.h"

namespace arrowsmith {
namespace {

/** Floats in a piece of work. */
constexpr int64_t kPieceFloats = 16384;

/** What an update multiplies with, the same for all elements of a tensor. */
struct Factors {
  float gradientScale, beta1, oneMinusBeta1, beta2, oneMinusBeta2;
  /** 1 / √(1 − β2^t) and ε. */
  float rootScale, epsilon;
  /** Learning rate / (1 − β1^t). */
  float stepSize;
  /** 1 − learning rate · weight decay. */
  float decay;
};

Factors factorsOf(const AdamWOptions& options, const AdamWTensor& tensor) {
  const double step = static_cast<double>(options.step);
  const double learningRate = options.learningRate * tensor.learningRateFactor;
  return {static_cast<float>(options.gradientScale),
          static_cast<float>(options.beta1),
          static_cast<float>(1 - options.beta1),
          static_cast<float>(options.beta2),
          static_cast<float>(1 - options.beta2),
          static_cast<float>(1 / std::sqrt(1 - std::pow(options.beta2, step))),
          static_cast<float>(options.epsilon),
          static_cast<float>(learningRate / (1 - std::pow(options.beta1, step))),
          static_cast<float>(1 - learningRate * tensor.weightDecay)};
}

/** No array overlaps another; the compiler makes vectors of the loop, square roots included. */
void update(const Factors& f, int64_t count, const float* __restrict gradient, float* __restrict parameter,
            float* __restrict firstMoment, float* __restrict secondMoment) {
  for (int64_t i = 0; i < count; i++) {
    const float g = gradient[i] * f.gradientScale;
    const float m = f.beta1 * firstMoment[i] + f.oneMinusBeta1 * g;
    const float v = f.beta2 * secondMoment[i] + f.oneMinusBeta2 * (g * g);
    firstMoment[i] = m;
    secondMoment[i] = v;
    parameter[i] = parameter[i] * f.decay - f.stepSize * (m / (std::sqrt(v) * f.rootScale + f.epsilon));
  }
}

}  // namespace

void adamW(const AdamWTensor* tensors, int64_t count, const AdamWOptions& options) {
  struct Piece {
    int64_t tensor, begin;
  };
  // Pieces of all tensors in one list: most tensors of a model are too small to be worth waking the threads for.
  std::vector<Piece> list;
  std::vector<Factors> factors;
  for (int64_t t = 0; t < count; t++) {
    factors.push_back(factorsOf(options, tensors[t]));
    for (int64_t begin = 0; begin < tensors[t].count; begin += kPieceFloats) list.push_back({t, begin});
  }
  parallelFor(static_cast<int64_t>(list.size()), [&](int64_t index) {
    const auto [t, begin] = list[static_cast<size_t>(index)];
    const AdamWTensor& tensor = tensors[t];
    update(factors[static_cast<size_t>(t)], std::min(kPieceFloats, tensor.count - begin), tensor.gradient + begin,
           tensor.parameter + begin, tensor.firstMoment + begin, tensor.secondMoment + begin);
  });
}

}  // namespace arrowsmith
