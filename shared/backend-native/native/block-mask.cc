#include "block-mask.h"

#include <stdexcept>
#include <string>

namespace arrowsmith {

void checkMask(const char* kernel, const BlockMask& mask, int64_t bitmapCount, int64_t first, int64_t last, int64_t keys) {
  const auto fail = [&](const std::string& text) { throw std::out_of_range(std::string(kernel) + ": " + text); };
  if (first >= last) return;
  const int64_t columns = pieces(keys, kMaskBlock), rows = pieces(last, kMaskBlock), needed = std::max(columns, rows);
  if (mask.side < needed) {
    fail("maskSide must be at least " + std::to_string(needed) + ", for blocks of " + std::to_string(kMaskBlock) + " positions, not " +
         std::to_string(mask.side));
  }
  for (int64_t row = first / kMaskBlock; row < rows; row++) {
    for (int64_t i = row * mask.side; i < row * mask.side + columns; i++) {
      if (mask.table[i] >= 0 && mask.table[i] - 2 < bitmapCount) continue;
      fail("maskTable[" + std::to_string(i) + "] must be at least 0 and less than bitmapCount + 2 = " + std::to_string(bitmapCount + 2) + ", not " +
           std::to_string(mask.table[i]));
    }
  }
}

}  // namespace arrowsmith
