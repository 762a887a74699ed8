#include "scratch.h"

#include <atomic>
#include <cstdlib>
#include <new>

#include "dry-run.h"

namespace arrowsmith {
namespace {

std::atomic<int64_t> total{0};

struct Buffer {
  void* data = nullptr;
  size_t capacity = 0;

  void reserve(size_t bytes) {
    if (bytes <= capacity) return;
    release();
    const size_t rounded = (bytes + bytes / 8 + 4095) & ~static_cast<size_t>(4095);
    data = std::aligned_alloc(4096, rounded);
    if (data == nullptr) throw std::bad_alloc();
    capacity = rounded;
    total.fetch_add(static_cast<int64_t>(rounded), std::memory_order_relaxed);
  }

  void release() {
    std::free(data);
    total.fetch_sub(static_cast<int64_t>(capacity), std::memory_order_relaxed);
    data = nullptr;
    capacity = 0;
  }

  ~Buffer() { release(); }
};

using Buffers = Buffer[static_cast<int>(Scratch::count)];

thread_local Buffers buffers;
/** What a dry run's kernels look into, which is little: of the rest, no page is ever touched. */
thread_local Buffers buffersOfDryRun;

}  // namespace

void* scratchBytes(Scratch name, size_t bytes) {
  needHere(name, bytes);
  Buffer& buffer = (isDryRun() ? buffersOfDryRun : buffers)[static_cast<int>(name)];
  buffer.reserve(bytes);
  return buffer.data;
}

void freeScratchOfDryRun() {
  for (Buffer& buffer : buffersOfDryRun) buffer.release();
}

int64_t scratchTotal() { return total.load(std::memory_order_relaxed); }

}  // namespace arrowsmith
