/** @file What a call of attention over pages is held against before anything is read. */
#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

#include "paged-keys.h"
#include "parallel.h"

namespace arrowsmith {
namespace {

/** Whether any of a sequence's last queries sees any key of a range by the mask. */
bool seesAny(const PagedAttention& call, int64_t length, int64_t queries, KeyRange keys) {
  for (int64_t position = length - queries; position < length; position++) {
    const SeenKeys seen = maskedKeysAt(call, length, position);
    for (int64_t key = keys.begin; key < keys.end; key += kWordKeys) {
      if ((seen.from(key) & firstBits(keys.end - key)) != 0) return true;
    }
  }
  return false;
}

}  // namespace

void checkPages(const char* kernel, const PagedAttention& call, int64_t blockCount, int64_t bitmapCount) {
  const auto fail = [kernel](const std::string& text) { throw std::out_of_range(std::string(kernel) + ": " + text); };
  const auto element = [](const char* name, int64_t i) { return std::string(name) + "[" + std::to_string(i) + "]"; };
  if (call.blockSize > call.slots) {
    fail("blockSize must be at most slots = " + std::to_string(call.slots) + ", not " + std::to_string(call.blockSize));
  }
  int64_t first = 0;
  for (int64_t i = 0; i < call.b; i++) {
    const int64_t queries = call.queryOffsets[i + 1] - call.queryOffsets[i], length = call.lengths[i];
    const int64_t count = pieces(length, call.blockSize);
    if (length < queries) {
      fail(element("lengths", i) + " must be at least its " + std::to_string(queries) + " queries, not " + std::to_string(length));
    }
    if (first + count > blockCount) break;
    if (call.mask != nullptr) checkMask(kernel, *call.mask, bitmapCount, length - queries, length, length);
    const int64_t seen = queries == 0 ? length : visibleKeysAt(call, length - queries).begin;
    for (int64_t block = 0; block < count; block++) {
      const int64_t from = block * call.blockSize, keys = std::min(call.blockSize, length - from), slot = call.blocks[first + block];
      if (slot == kFreedBlock && call.mask != nullptr && seesAny(call, length, queries, {from, from + keys})) {
        fail(element("blocks", first + block) + " must not be freed: the sequence " + std::to_string(i) + " sees keys of it");
      }
      if (slot == kFreedBlock && call.mask == nullptr && from + keys > seen) {
        fail(element("blocks", first + block) + " must not be freed: the sequence " + std::to_string(i) + " sees keys from " +
             std::to_string(seen) + " on");
      }
      for (const auto& [name, offset] : {std::pair{"keyOffset", call.keyOffset}, std::pair{"valueOffset", call.valueOffset}}) {
        if (slot == kFreedBlock || slot + offset + keys <= call.slots) continue;
        fail(element("blocks", first + block) + " with " + name + " " + std::to_string(offset) + " must have its " + std::to_string(keys) +
             " keys within slots = " + std::to_string(call.slots) + ", not from " + std::to_string(slot + offset) + " on");
      }
    }
    first += count;
  }
  int64_t needed = 0;
  for (int64_t i = 0; i < call.b; i++) needed += pieces(call.lengths[i], call.blockSize);
  if (needed <= blockCount) return;
  fail("blocks must have at least " + std::to_string(needed) + " elements for lengths with the blockSize " + std::to_string(call.blockSize) +
       ", not blockCount = " + std::to_string(blockCount));
}

}  // namespace arrowsmith
