/**
 * @file Values as number formats leave them: quantized to the nearest and decoded again, without the bytes in between. The numbers are those of
 * shared/quantization/src/formats, to the bit, where each format is described; what is not explained here is there.
 */
#include <algorithm>
#include <cmath>
#include <limits>

#include "fit-scales.h"
#include "kernels.h"
#include "parallel.h"
#include "rows.h"

namespace arrowsmith {
namespace {

/** Beyond, scales in half precision may be infinite. */
constexpr float kLargestHalf = 65504;

constexpr int kSuperBlock = 256;

template <int bits, bool isAsymmetric>
struct IntegerGroups {
  template <int size>
  static void round(const Doubles* x, Doubles* y) {
    if constexpr (isAsymmetric) {
      constexpr double most = (1 << bits) - 1;
      Doubles low = every(0), high = every(0);
      for (int i = 0; i < size; i++) {
        low = smaller(low, x[i]);
        high = larger(high, x[i]);
      }
      const Doubles scale = toHalves((high - low) / every(most));
      const auto isZero = scale == every(0);
      const Doubles zero = isZero ? every(0) : nearestInteger(-low / scale, 0, most);
      for (int i = 0; i < size; i++) {
        const Doubles integer = isZero ? every(0) : nearestInteger(zero + x[i] / scale, 0, most);
        y[i] = scale * (integer - zero);
      }
    } else {
      constexpr double lowest = -(1 << (bits - 1)), highest = -lowest - 1;
      const auto integerOf = [](Doubles value) { return nearestInteger(value, lowest, highest); };
      const Doubles scale = toHalves(fitScale<size>(x, lowest, 0.1, integerOf));
      const auto isZero = scale == every(0);
      for (int i = 0; i < size; i++) y[i] = scale * (isZero ? every(0) : integerOf(x[i] / scale));
    }
  }
};

struct Q8With0 {
  template <int size>
  static void round(const Doubles* x, Doubles* y) {
    Doubles largest = every(0);
    for (int i = 0; i < size; i++) largest = larger(largest, magnitude(x[i]));
    const Doubles scale = toFloats(largest / every(127)), inverse = inverseOf(scale), step = toHalves(scale);
    for (int i = 0; i < size; i++) {
      const Doubles integer = nearestInteger(magnitude(toFloats(x[i] * inverse)), 0, 127);
      y[i] = step * ((x[i] < every(0) ? -integer : integer) + every(0));  // no zero has a sign
    }
  }
};

/** Q4_0 and Q5_0. */
template <int bits>
struct With0 {
  template <int size>
  static void round(const Doubles* x, Doubles* y) {
    constexpr double offset = 1 << (bits - 1);
    Doubles extreme = every(0);
    for (int i = 0; i < size; i++) extreme = magnitude(x[i]) > magnitude(extreme) ? x[i] : extreme;
    const Doubles scale = toFloats(extreme / every(-offset)), inverse = inverseOf(scale), step = toHalves(scale);
    for (int i = 0; i < size; i++) {
      const Doubles shifted = toFloats(toFloats(x[i] * inverse) + every(offset + 0.5));
      y[i] = step * (truncated(shifted, 2 * offset - 1) - every(offset));
    }
  }

  /** Of [0, most]. */
  static Doubles truncated(Doubles x, double most) {
    const Doubles within = smaller(larger(x, every(0)), every(most));
    const Doubles nearest = nearestInteger(within, 0, most);
    return nearest > within ? nearest - every(1) : nearest;
  }
};

/** Q4_1 and Q5_1. */
template <int bits>
struct With1 {
  template <int size>
  static void round(const Doubles* x, Doubles* y) {
    constexpr double most = (1 << bits) - 1;
    Doubles low = x[0], high = x[0];
    for (int i = 1; i < size; i++) {
      low = smaller(low, x[i]);
      high = larger(high, x[i]);
    }
    const Doubles scale = toFloats(toFloats(high - low) / every(most)), inverse = inverseOf(scale);
    const Doubles step = toHalves(scale), offset = toHalves(low);
    for (int i = 0; i < size; i++) {
      const Doubles shifted = toFloats(toFloats(toFloats(x[i] - low) * inverse) + every(0.5));
      y[i] = times(step, With0<bits>::truncated(shifted, most)) + offset;
    }
  }
};

struct Iq4Nl {
  /** The nearest level: those are passed over from which the next one is not as far. */
  static Doubles levelOf(Doubles x) {
    constexpr double levels[] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
    Doubles level = every(levels[0]);
    for (int i = 0; i < 15; i++) level = x - every(levels[i]) > every(levels[i + 1]) - x ? every(levels[i + 1]) : level;
    return level;
  }

  template <int size>
  static void round(const Doubles* x, Doubles* y) {
    const Doubles scale = toHalves(fitScale<size>(x, -127, 1, levelOf));
    const auto isZero = scale == every(0);
    for (int i = 0; i < size; i++) y[i] = scale * levelOf(isZero ? every(0) : x[i] / scale);
  }
};

/** Rounds blocks of `size` values that follow one another, as many at a time as a vector has lanes. */
template <class Rounding, int size>
void roundBlocks(const float* x, int64_t count, float* y) {
  Doubles from[size], to[size];
  for (int64_t first = 0; first < count; first += kDoubles) {
    const int64_t lanes = std::min<int64_t>(kDoubles, count - first);
    for (int lane = 0; lane < kDoubles; lane++) {
      const float* block = x + (first + std::min<int64_t>(lane, lanes - 1)) * size;
      for (int i = 0; i < size; i++) from[i][lane] = block[i];
    }
    Rounding::template round<size>(from, to);
    for (int lane = 0; lane < lanes; lane++) {
      float* block = y + (first + lane) * size;
      for (int i = 0; i < size; i++) block[i] = static_cast<float>(to[i][lane]);
    }
  }
}

/** A super-block's values, in groups, each of which is a lane. */
template <int groups>
struct SuperBlock {
  static constexpr int kSize = kSuperBlock / groups, kVectors = groups / kDoubles;
  static_assert(groups % kDoubles == 0, "vectors are full");
  Doubles values[kVectors][kSize];

  explicit SuperBlock(const float* x) {
    for (int group = 0; group < groups; group++) {
      for (int i = 0; i < kSize; i++) values[group / kDoubles][i][group % kDoubles] = x[group * kSize + i];
    }
  }

  void store(float* y) const {
    for (int group = 0; group < groups; group++) {
      for (int i = 0; i < kSize; i++) y[group * kSize + i] = static_cast<float>(values[group / kDoubles][i][group % kDoubles]);
    }
  }
};

/** Q6_K and Q3_K: integers, and scales, from their lowest on. */
template <int lowest, int lowestScale>
void roundSigned(const float* x, float* y) {
  constexpr int kGroups = 16;
  const auto integerOf = [](Doubles value) { return nearestInteger(value, lowest, -lowest - 1); };
  using Block = SuperBlock<kGroups>;
  Block block(x);
  Doubles fitted[Block::kVectors];
  double extreme = 0;
  for (int v = 0; v < Block::kVectors; v++) {
    fitted[v] = fitScale<Block::kSize>(block.values[v], lowest, 0.1, integerOf);
    for (int lane = 0; lane < kDoubles; lane++) extreme = std::fabs(fitted[v][lane]) > std::fabs(extreme) ? fitted[v][lane] : extreme;
  }
  const double d = toHalf(extreme / lowestScale);
  for (int v = 0; v < Block::kVectors; v++) {
    const Doubles stored = d == 0 ? every(0) : nearestInteger(fitted[v] / every(d), lowestScale, -lowestScale - 1);
    const Doubles step = every(d) * stored;
    const auto isZero = step == every(0);
    for (Doubles& value : block.values[v]) value = step * (isZero ? every(0) : integerOf(value / step));
  }
  block.store(y);
}

/** Q5_K, Q4_K and Q2_K: integers up to `most`, scales and minima up to `mostScale`; values near 0 count 1 / `oneOf`. */
template <int groups, int most, int mostScale, int oneOf>
void roundWithMinima(const float* x, float* y) {
  using Block = SuperBlock<groups>;
  Block block(x);
  ScaleAndMinimum fitted[Block::kVectors];
  double largestScale = -__builtin_inf(), largestMinimum = -__builtin_inf();
  for (int v = 0; v < Block::kVectors; v++) {
    fitted[v] = fitScaleAndMinimum<Block::kSize>(block.values[v], most, 1.0 / oneOf);
    for (int lane = 0; lane < kDoubles; lane++) {
      largestScale = std::max<double>(largestScale, fitted[v].scale[lane]);
      largestMinimum = std::max<double>(largestMinimum, fitted[v].minimum[lane]);
    }
  }
  const double d = toHalf(largestScale / mostScale), dMinimum = toHalf(largestMinimum / mostScale);
  for (int v = 0; v < Block::kVectors; v++) {
    const Doubles scale = d == 0 ? every(0) : nearestInteger(fitted[v].scale / every(d), 0, mostScale);
    const Doubles minimum = dMinimum == 0 ? every(0) : nearestInteger(fitted[v].minimum / every(dMinimum), 0, mostScale);
    const Doubles step = every(d) * scale, offset = times(every(dMinimum), minimum);
    const auto isZero = step == every(0);
    for (Doubles& value : block.values[v]) {
      value = times(step, isZero ? every(0) : nearestInteger((value + offset) / step, 0, most)) - offset;
    }
  }
  block.store(y);
}

template <void (*roundOne)(const float*, float*)>
void roundSuperBlocks(const float* x, int64_t count, float* y) {
  for (int64_t i = 0; i < count; i++) roundOne(x + i * kSuperBlock, y + i * kSuperBlock);
}

using RoundBlocks = void (*)(const float* x, int64_t count, float* y);

/** Of {@link blockFormat}, in the same order. */
constexpr int kFirst = static_cast<int>(Format::f16) + 1;
constexpr RoundBlocks kRoundings[] = {
    roundBlocks<IntegerGroups<8, false>, 32>,
    roundBlocks<IntegerGroups<8, true>, 32>,
    roundBlocks<IntegerGroups<8, false>, 128>,
    roundBlocks<IntegerGroups<8, true>, 128>,
    roundBlocks<IntegerGroups<4, false>, 32>,
    roundBlocks<IntegerGroups<4, true>, 32>,
    roundBlocks<IntegerGroups<4, false>, 128>,
    roundBlocks<IntegerGroups<4, true>, 128>,
    roundBlocks<IntegerGroups<3, false>, 32>,
    roundBlocks<IntegerGroups<3, true>, 32>,
    roundBlocks<IntegerGroups<3, false>, 128>,
    roundBlocks<IntegerGroups<3, true>, 128>,
    roundBlocks<IntegerGroups<2, false>, 32>,
    roundBlocks<IntegerGroups<2, true>, 32>,
    roundBlocks<IntegerGroups<2, false>, 128>,
    roundBlocks<IntegerGroups<2, true>, 128>,
    roundBlocks<Q8With0, 32>,
    roundBlocks<With1<5>, 32>,
    roundBlocks<With0<5>, 32>,
    roundBlocks<With1<4>, 32>,
    roundBlocks<With0<4>, 32>,
    roundBlocks<Iq4Nl, 32>,
    roundSuperBlocks<roundSigned<-32, -128>>,
    roundSuperBlocks<roundWithMinima<8, 31, 63, 1>>,
    roundSuperBlocks<roundWithMinima<8, 15, 63, 1>>,
    roundSuperBlocks<roundSigned<-4, -32>>,
    roundSuperBlocks<roundWithMinima<16, 3, 15, 16>>,
};
static_assert(sizeof kRoundings / sizeof *kRoundings == kFormats - kFirst, "one for each format behind f16");

/** What a value becomes that a format has no number for, with all of its block. */
constexpr float kNone = std::numeric_limits<float>::quiet_NaN();

bool allWithin(const float* x, int64_t count, float largest) {
  bool within = true;
  for (int64_t i = 0; i < count; i++) within &= std::fabs(x[i]) <= largest;  // not of NaN
  return within;
}

/** A row of int8, whose scale is a float32. */
void roundInt8(int64_t d, const float* x, float* y) {
  float largest = 0;
  for (int64_t i = 0; i < d; i++) largest = std::max(largest, std::fabs(x[i]));
  const float scale = static_cast<float>(static_cast<double>(largest) / 127);
  const bool isFinite = allWithin(x, d, std::numeric_limits<float>::max());
  if (!isFinite || scale < 0x1p-126f) {
    std::fill(y, y + d, isFinite ? 0 : kNone);
    return;
  }
  for (int64_t i = 0; i < d; i += kDoubles) {
    const int64_t lanes = std::min<int64_t>(kDoubles, d - i);
    Doubles values = every(0);
    for (int64_t lane = 0; lane < lanes; lane++) values[lane] = x[i + lane];
    const Doubles integers = nearestInteger(magnitude(values) / every(scale), 0, 127);
    const Doubles rounded = every(scale) * ((values < every(0) ? -integers : integers) + every(0));  // no zero has a sign
    for (int64_t lane = 0; lane < lanes; lane++) y[i + lane] = static_cast<float>(rounded[lane]);
  }
}

void roundToHalves(const float* x, int64_t count, float* y) {
  for (int64_t i = 0; i < count; i++) y[i] = std::fabs(x[i]) <= kLargestHalf ? static_cast<float>(toHalf(x[i])) : kNone;
}

void roundToBfloat16(const float* x, int64_t count, float* y) {
  constexpr float kLargest = 0x1.fep127f;
  for (int64_t i = 0; i < count; i++) {
    uint32_t word;
    std::memcpy(&word, x + i, 4);
    word = (word + 0x7fff + ((word >> 16) & 1)) & 0xffff0000;  // halves to even
    std::memcpy(y + i, &word, 4);
    if (!(std::fabs(x[i]) <= kLargest)) y[i] = kNone;
  }
}

}  // namespace

void fakeQuantize(Format format, int64_t n, int64_t d, const float* x, float* y) {
  if (const BlockFormat* const blocks = blockFormat(format)) {
    const int64_t size = blocks->size;
    const RoundBlocks round = kRoundings[static_cast<int>(format) - kFirst];
    parallelRanges(n * d / size, kRowPieceFloats / size, [&](int64_t begin, int64_t end) {
      round(x + begin * size, end - begin, y + begin * size);
      for (int64_t block = begin; block < end; block++) {
        if (!allWithin(x + block * size, size, kLargestHalf)) std::fill(y + block * size, y + (block + 1) * size, kNone);
      }
    });
    return;
  }
  parallelRanges(n, rowsPerPiece(d), [&](int64_t begin, int64_t end) {
    const int64_t at = begin * d, count = (end - begin) * d;
    if (format == Format::int8) {
      for (int64_t row = begin; row < end; row++) roundInt8(d, x + row * d, y + row * d);
    } else if (format == Format::f32) {
      std::copy(x + at, x + at + count, y + at);
    } else {
      (format == Format::f16 ? roundToHalves : roundToBfloat16)(x + at, count, y + at);
    }
  });
}

}  // namespace arrowsmith
