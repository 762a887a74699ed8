/**
 * @file Large results, which the caches have forgotten when something reads them next. They are stored past the caches: a core need not fetch
 * the lines that it overwrites, and keeps what it has.
 */
#pragma once
#include <cstdint>

#include "simd.h"

namespace arrowsmith {

/** Floats of a large result. */
constexpr int64_t kStreamedFloats = 1 << 20;

/** Whether rows of C can be stored past the caches: they consist of whole vectors at multiples of their size. */
inline bool canStream(const float* c, int64_t strideC, int64_t columns) {
  return kStreams && reinterpret_cast<uintptr_t>(c) % kVectorBytes == 0 && strideC % kLanes == 0 && columns % kLanes == 0;
}

/** Stores vectors of a matrix without gaps, past the caches if it is large. {@link completeStreaming} is to follow the last one. */
class StreamingStore {
 public:
  StreamingStore(const float* matrix, int64_t rows, int64_t columns)
      : streams_(rows * columns >= kStreamedFloats && canStream(matrix, columns, columns)) {}

  template <class Lanes>
  void operator()(float* p, Vec v, Lanes lanes) const {
    if (streams_) {
      storeStreaming(p, v);
    } else {
      lanes.store(p, v);
    }
  }

 private:
  bool streams_;
};

}  // namespace arrowsmith
