/** @file Tests of gated feed-forward networks with stored matrices. */
#include <array>
#include <cmath>
#include <vector>

#include "../kernels.h"
#include "stored.h"

using namespace arrowsmith;
using namespace arrowsmith::test;

namespace {

struct Network {
  RandomMatrix gate, up, down;

  Network(Format gateFormat, Format otherFormat, int64_t d, int64_t f)
      : gate(gateFormat, f, d, 1), up(otherFormat, f, d, 2), down(otherFormat, d, f, 3) {}

  std::vector<float> of(Activation activation, const std::vector<float>& x, const float* residual = nullptr) const {
    std::vector<float> y(x.size(), kNaN);
    const int64_t n = static_cast<int64_t>(x.size()) / gate.columns;
    storedGatedFeedForward(activation, n, x.data(), {gate.stored(), up.stored(), down.stored()}, residual, y.data());
    return y;
  }

  std::vector<double> expected(Activation activation, const std::vector<float>& x) const {
    std::vector<double> hidden = naiveProduct(toDoubles(x), gate.columns, gate, 0, gate.rows);
    const std::vector<double> ups = naiveProduct(toDoubles(x), gate.columns, up, 0, up.rows);
    for (size_t i = 0; i < hidden.size(); i++) {
      const double g = hidden[i], cubic = std::sqrt(2 / std::acos(-1.0)) * (g + 0.044715 * g * g * g);
      hidden[i] = ups[i] * (activation == Activation::silu ? g / (1 + std::exp(-g)) : g / 2 * (1 + std::tanh(cubic)));
    }
    return naiveProduct(hidden, down.columns, down, 0, down.rows);
  }
};

}  // namespace

TEST("stored gated feed-forward networks are their formula, and add a residual") {
  for (const Activation activation : {Activation::silu, Activation::geluTanh}) {
    for (const Format format : kAllFormats) {
      for (const auto& [n, d, f] : {std::array<int64_t, 3>{1, 5, 3}, {3, 48, 130}, {40, 65, 100}, {600, 16, 33}}) {
        const Network network(format, Format::int8, d, f);
        const std::vector<float> x = randomFloats(n * d, 4), residual = randomFloats(n * d, 5), y = network.of(activation, x);
        CHECK_CLOSE(y, network.expected(activation, x), 1e-4);  // sums of up to 130 products of numbers up to 50
        std::vector<float> sums = y;
        for (size_t i = 0; i < sums.size(); i++) sums[i] += residual[i];
        CHECK_SAME_BITS(network.of(activation, x, residual.data()), sums);
      }
    }
  }
}

TEST("a row's features have the bits that they have alone, among any others, and on any number of threads") {
  for (const Activation activation : {Activation::silu, Activation::geluTanh}) {
    for (const Format format : kAllFormats) {
      const Network network(Format::f32, format, 77, 333);
      const std::vector<float> x = randomFloats(150 * 77, 4);
      checkRowsAlone(x, 77, network.of(activation, x), 77, [&](const std::vector<float>& rows) { return network.of(activation, rows); });
      CHECK_SAME_FOR_ANY_THREADS([&] { return network.of(activation, x); });
      CHECK_SAME_FOR_ANY_THREADS([&] { return network.of(activation, rowsOf(x, 77, 3, 1)); });
    }
  }
}
