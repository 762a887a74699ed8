/**
 * @file What drawing a token needs to know of a vocabulary: its first tokens in rank, and the weights of all together. As generation's
 * sampling/rank.ts, exponential.ts and weights.ts define them, bit by bit.
 */
#include <algorithm>
#include <cstring>
#include <functional>
#include <limits>
#include <vector>

#include "kernels.h"
#include "lanes-of-doubles.h"
#include "simd.h"

namespace arrowsmith {
namespace {

// ---- Rank

/** Vectors whose maximum is found lane by lane, before anybody looks where it is. */
constexpr int64_t kVectors = 16;
constexpr int64_t kGroup = kVectors * kLanes;

/** The largest number of each lane of whole groups, a vector for each; and whether some number is NaN. */
bool largestOfLanes(const float* x, int64_t groups, Vec* largest) {
  VecBits areNumbers = ~VecBits{};
  for (int64_t group = 0; group < groups; group++) {
    Vec most = load(x + group * kGroup);
    areNumbers &= (VecBits)(most == most);
    for (int64_t i = 1; i < kVectors; i++) {
      const Vec value = load(x + group * kGroup + i * kLanes);
      areNumbers &= (VecBits)(value == value);
      most = value > most ? value : most;
    }
    largest[group] = most;
  }
  uint32_t all = ~0u;
  for (int lane = 0; lane < kLanes; lane++) all &= areNumbers[lane];
  return all != 0;
}

// ---- Weights

/** Below, e^x is less than float64's normal numbers, and here 0. */
constexpr double kLeast = -708;
constexpr double kPerLn2 = 1.4426950408889634;
/** ln 2 in two parts: times a whole number of up to 20 bits the first is exact. */
constexpr double kLn2 = 6.93147180369123816490e-01, kLn2Rest = 1.90821492927058770002e-10;
constexpr double kRounding = 6755399441055744.0;  // 1.5 · 2^52: the sum has no bits for fractions

typedef uint64_t Words __attribute__((vector_size(kDoubleBytes)));

/** e^x, for x ≤ 0. */
Doubles exponential(Doubles x) {
  const Doubles shifted = times(x, every(kPerLn2)) + every(kRounding), power = shifted - every(kRounding);
  const Doubles rest = x - times(power, every(kLn2)) - times(power, every(kLn2Rest));
  const Doubles rest2 = times(rest, rest), rest4 = times(rest2, rest2);
  const auto pair = [&](double first, double second) { return times(rest, every(1 / second)) + every(1 / first); };  // of factorials
  const auto four = [&](Doubles first, Doubles second) { return first + times(rest2, second); };
  const Doubles from0 = four(every(1) + rest, pair(2, 6)) + times(rest4, four(pair(24, 120), pair(720, 5040)));
  const Doubles from8 = four(pair(40320, 362880), pair(3628800, 39916800)) + times(rest4, pair(479001600, 6227020800));
  const Doubles series = from0 + times(times(rest4, rest4), from8);
  Words words;
  std::memcpy(&words, &shifted, sizeof words);
  words = (words << 52) + 0x3ff0000000000000;  // 2^power: its lowest bits are those of the sum, and its exponent counts from 1023
  Doubles factor;
  std::memcpy(&factor, &words, sizeof factor);
  return x < every(kLeast) ? every(0) : series * factor;
}

/** Sums that go on side by side, whatever the width of vectors. */
constexpr int kSums = 8;
static_assert(kSums % kDoubles == 0);

}  // namespace

void rankLogits(int64_t v, int64_t count, const float* x, int32_t* ids) {
  const int64_t groups = v / kGroup;
  std::vector<Vec> largest(static_cast<size_t>(groups));
  bool areNumbers = largestOfLanes(x, groups, largest.data());
  for (int64_t id = groups * kGroup; id < v; id++) areNumbers &= x[id] == x[id];
  if (!areNumbers) {
    std::fill(ids, ids + count, -1);
    return;
  }

  // So many lanes have a number that is at least as large that the first in rank are among those.
  float least = -std::numeric_limits<float>::infinity();
  if (groups * kLanes >= count) {
    std::vector<float> all(static_cast<size_t>(groups * kLanes));
    std::memcpy(all.data(), largest.data(), all.size() * sizeof(float));
    std::nth_element(all.begin(), all.begin() + count - 1, all.end(), std::greater<float>());
    least = all[static_cast<size_t>(count) - 1];
  }
  std::vector<int32_t> candidates;
  const auto look = [&](int64_t begin, int64_t end) {
    for (int64_t id = begin; id < end; id++) {
      if (x[id] >= least) candidates.push_back(static_cast<int32_t>(id));
    }
  };
  for (int64_t group = 0; group < groups; group++) {
    if (largestLane(largest[static_cast<size_t>(group)]) >= least) look(group * kGroup, (group + 1) * kGroup);
  }
  look(groups * kGroup, v);
  const auto isBefore = [&](int32_t a, int32_t b) { return x[a] > x[b] || (x[a] == x[b] && a < b); };
  std::partial_sort_copy(candidates.begin(), candidates.end(), ids, ids + count, isBefore);
}

void sumExponentials(int64_t v, const float* x, double largest, double temperature, int32_t* total) {
  // A temperature may be so small that there is no number for its inverse.
  const double perTemperature = std::min(1 / temperature, std::numeric_limits<double>::max());
  Doubles sums[kSums / kDoubles] = {};
  const auto add = [&](const float* values) {
    for (int i = 0; i < kSums / kDoubles; i++) {
      NarrowDoubles narrow;
      std::memcpy(&narrow, values + i * kDoubles, sizeof narrow);
      sums[i] += exponential(times(__builtin_convertvector(narrow, Doubles) - every(largest), every(perTemperature)));
    }
  };
  int64_t id = 0;
  for (; id + kSums <= v; id += kSums) add(x + id);
  if (id < v) {
    float rest[kSums];
    std::fill(std::copy(x + id, x + v, rest), rest + kSums, -std::numeric_limits<float>::infinity());
    add(rest);
  }
  double lanes[kSums];
  std::memcpy(lanes, sums, sizeof lanes);
  const double sum = ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
  std::memcpy(total, &sum, sizeof sum);
}

}  // namespace arrowsmith
