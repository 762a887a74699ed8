/** @file Memory for tensors, outside of V8's heap. */
#pragma once
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <new>
#include <stdexcept>

#include "addon-binding.h"

namespace arrowsmith {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;

size_t wholePages(size_t bytes) {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return (bytes + page - 1) / page * page;
}

/** Memory at a multiple of a huge page's size, backed by huge pages where the system has them: far fewer page faults and TLB misses. */
void* mapHugePages(size_t bytes) {
  const size_t size = wholePages(bytes);
  void* mapped = mmap(nullptr, size + kHugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  char* begin = static_cast<char*>(mapped);
  const size_t before = (kHugePage - reinterpret_cast<uintptr_t>(begin) % kHugePage) % kHugePage;
  if (before > 0) munmap(begin, before);
  munmap(begin + before + size, kHugePage - before);
#if defined(__linux__)
  madvise(begin + before, size, MADV_HUGEPAGE);  // advice: where it is not taken, pages are small
#endif
  return begin + before;
}

void* allocateAligned(size_t bytes) {
  if (bytes >= kHugePage) return mapHugePages(bytes);
  void* data = std::aligned_alloc(64, (bytes + 64) / 64 * 64);
  if (data == nullptr) throw std::bad_alloc();
  return data;
}

/** The inverse of {@link allocateAligned}. Needs nothing of Node, which may be shutting down. */
void freeAligned(void* data, size_t bytes) {
  if (bytes >= kHugePage) {
    munmap(data, wholePages(bytes));
  } else {
    std::free(data);
  }
}

/**
 * Gives the system the pages of memory back whose content is over, and keeps the addresses: Node calls a detached buffer's finalizer only when
 * its event loop turns, and until then a step would have the old buffers' memory and the new ones'.
 */
void giveBackPages(void* data, size_t bytes) {
  const uintptr_t page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const uintptr_t begin = (reinterpret_cast<uintptr_t>(data) + page - 1) / page * page;
  const uintptr_t end = (reinterpret_cast<uintptr_t>(data) + bytes) / page * page; // what shares a page with it is another's
#if defined(__linux__)
  const int advice = MADV_DONTNEED;
#else
  const int advice = MADV_FREE;
#endif
  if (end > begin) madvise(reinterpret_cast<void*>(begin), end - begin, advice);
}

/** `allocate(bytes)`: an ArrayBuffer at a multiple of 64 bytes, outside of V8's heap. Its content is undefined. */
napi_value allocate(napi_env env, napi_callback_info info) {
  return guarded(env, [&] {
    const size_t bytes = static_cast<size_t>(readSize(env, Call<1>(env, info), int64_t{1} << 53));
    void* data = allocateAligned(bytes);
    const auto finalize = [](napi_env, void* memory, void* size) { freeAligned(memory, reinterpret_cast<size_t>(size)); };
    napi_value buffer = nullptr;
    const napi_status status =
        napi_create_external_arraybuffer(env, data, bytes, finalize, reinterpret_cast<void*>(bytes), &buffer);
    if (status == napi_ok) return buffer;
    freeAligned(data, bytes);
    throw std::runtime_error("this JavaScript engine takes no memory from outside");
  });
}

/** `release(buffer)`: gives the memory back now and not only when the garbage collector finds it; the buffer is empty afterwards. */
napi_value release(napi_env env, napi_callback_info info) {
  return guarded(env, [&]() -> napi_value {
    const Call<1> call(env, info);
    void* data = nullptr;
    size_t bytes = 0;
    napi_get_arraybuffer_info(env, call.arguments[0], &data, &bytes);
    if (napi_detach_arraybuffer(env, call.arguments[0]) != napi_ok) {
      throw std::invalid_argument("argument 1 must be an ArrayBuffer of allocate");
    }
    giveBackPages(data, bytes);
    return nullptr;
  });
}

}  // namespace
}  // namespace arrowsmith
