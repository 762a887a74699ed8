/**
 * @file Scales by weighted least squares: `fitScale` and `fitScaleAndMinimum` of shared/quantization/src/formats/fit-scale.ts, where they are explained,
 * step by step and to their bits, for several blocks at once, of which each is a lane.
 */
#pragma once
#include "lanes-of-doubles.h"

namespace arrowsmith {

/** value ≈ scale · level, for levels that `nearest(value)` rounds to, of which `lowest` is the lowest; `step` is between candidates. */
template <int size, class Nearest>
Doubles fitScale(const Doubles* values, double lowest, double step, Nearest&& nearest) {
  constexpr int kCandidates = 9;  // on either side
  Doubles extreme = every(0), weights[size];
  for (int i = 0; i < size; i++) {
    extreme = magnitude(values[i]) > magnitude(extreme) ? values[i] : extreme;
    weights[i] = times(values[i], values[i]);
  }
  Doubles scale = every(0), explained = every(0);
  for (int k = -kCandidates; k <= kCandidates; k++) {
    const Doubles inverse = every(lowest + times(k, step)) / extreme;
    Doubles products = every(0), squares = every(0);
    for (int i = 0; i < size; i++) {
      const Doubles level = nearest(times(values[i], inverse));
      const Doubles weighted = times(weights[i], level);
      products += times(weighted, values[i]);
      squares += times(weighted, level);
    }
    // Of zeros everything is NaN here, and nothing is better than 0.
    const Doubles explains = squares == every(0) ? every(0) : times(products, products) / squares;
    const auto isBetter = explains > explained;
    scale = isBetter ? products / squares : scale;
    explained = isBetter ? explains : explained;
  }
  return scale;
}

struct ScaleAndMinimum {
  Doubles scale, minimum;
};

/** value ≈ scale · integer − minimum, integers from 0 to `most`; `nearZero` says how much values near 0 count. */
template <int size>
ScaleAndMinimum fitScaleAndMinimum(const Doubles* values, double most, double nearZero) {
  constexpr int kTenths = 10;
  Doubles low = every(0), high = values[0], square = every(0);
  for (int i = 0; i < size; i++) {
    low = smaller(low, values[i]);
    high = larger(high, values[i]);
    square += times(values[i], values[i]);
  }
  Doubles root = square / every(size);
  for (int lane = 0; lane < kDoubles; lane++) root[lane] = std::sqrt(root[lane]);
  const Doubles floor = times(every(nearZero), root);

  // What does not depend on the candidate.
  Doubles weights[size], weighted[size], w = every(0), x = every(0), xx = every(0);
  for (int i = 0; i < size; i++) {
    weights[i] = magnitude(values[i]) + floor;
    weighted[i] = times(weights[i], values[i]);
    w += weights[i];
    x += weighted[i];
    xx += times(weighted[i], values[i]);
  }
  ScaleAndMinimum best{every(0), -low};
  Doubles least = every(__builtin_inf());
  for (int k = -kTenths; k <= kTenths; k++) {
    const Doubles inverse = every(most + k / 10.0) / (high - low);
    Doubles q = every(0), xq = every(0), qq = every(0);
    for (int i = 0; i < size; i++) {
      const Doubles integer = nearestInteger(times(values[i] - low, inverse), 0, most);
      const Doubles weightedInteger = times(weights[i], integer);
      q += weightedInteger;
      xq += times(weighted[i], integer);
      qq += times(weightedInteger, integer);
    }
    const Doubles determinant = times(w, qq) - times(q, q);
    const Doubles fitted = (times(w, xq) - times(x, q)) / determinant;
    const Doubles above = (times(q, fitted) - x) / w;
    const auto isSingular = determinant <= times(times(every(1e-9), w), qq);
    const auto hasMinimum = above >= every(0);
    const Doubles s = isSingular ? every(1) / inverse : hasMinimum ? fitted : xq / qq;
    const Doubles m = isSingular ? -low : hasMinimum ? above : every(0);
    const Doubles twiceS = every(2) * s, twiceM = every(2) * m;
    const Doubles error = xx + times(times(s, s), qq) + times(times(m, m), w) - times(twiceS, xq) + times(twiceM, x) - times(times(twiceS, m), q);
    const auto isBetter = error < least;
    best.scale = isBetter ? s : best.scale;
    best.minimum = isBetter ? m : best.minimum;
    least = isBetter ? error : least;
  }
  const auto isFlat = high <= low;
  return {isFlat ? every(0) : best.scale, isFlat ? -low : best.minimum};
}

}  // namespace arrowsmith
