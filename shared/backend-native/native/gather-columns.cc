/** @file Rows of columns: what was kept by channel, as tokens have it. */
#include <algorithm>
#include <cstring>

#include "kernels.h"
#include "parallel.h"

namespace arrowsmith {
namespace {

/** Rows that are written side by side, so that their lines stay in the nearest cache until they are full. */
constexpr int64_t kTileRows = 64;

/** Words of a line, which pairs are gone through by. */
constexpr int64_t kTilePairs = 16;

}  // namespace

void gatherColumns16(int64_t tokens, int64_t pairs, int64_t distinct, const int32_t* index, const int32_t* x, int32_t* y) {
  const auto* channels = reinterpret_cast<const uint16_t*>(x);
  parallelRanges(tokens, kTileRows, [&](int64_t begin, int64_t end) {
    for (int64_t first = 0; first < pairs; first += kTilePairs) {
      const int64_t last = std::min(first + kTilePairs, pairs);
      for (int64_t pair = first; pair < last; pair++) {
        const uint16_t* low = channels + 2 * pair * distinct;
        const uint16_t* high = low + distinct;
        for (int64_t token = begin; token < end; token++) {
          const int64_t column = index[token];
          const uint32_t word = low[column] | static_cast<uint32_t>(high[column]) << 16;
          std::memcpy(y + token * pairs + pair, &word, sizeof word);
        }
      }
    }
  });
}

}  // namespace arrowsmith
