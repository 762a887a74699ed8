/** @file Kernels that wait, and are run one after the other by one call; src/kernel-queue.ts says what for. */
#pragma once
#define NAPI_VERSION 8
#include <node_api.h>

#include <chrono>
#include <functional>
#include <new>
#include <utility>
#include <vector>

namespace arrowsmith {

/** The queue of one JavaScript thread; kernels wait in it while it is open. */
class KernelQueue {
 public:
  static KernelQueue& of(napi_env env) {
    void* data = nullptr;
    napi_get_instance_data(env, &data);
    if (data == nullptr) {
      data = new KernelQueue;
      napi_set_instance_data(env, data, [](napi_env, void* queue, void*) { delete static_cast<KernelQueue*>(queue); }, nullptr);
    }
    return *static_cast<KernelQueue*>(data);
  }

  bool isOpen() const { return isOpen_; }
  size_t length() const { return waiting_.size(); }
  void open() { isOpen_ = true; }

  /** Closes the queue and forgets what waits. */
  void close(napi_env env) {
    isOpen_ = false;
    clear(env);
  }

  /** Adds a kernel, whose arguments are kept from the garbage collector. */
  void add(napi_env env, std::function<void()> kernel, const napi_value* arguments, size_t count) {
    napi_value list;
    napi_ref kept;
    if (napi_create_array_with_length(env, count, &list) != napi_ok) throw std::bad_alloc();
    for (size_t i = 0; i < count; i++) napi_set_element(env, list, static_cast<uint32_t>(i), arguments[i]);
    if (napi_create_reference(env, list, 1, &kept) != napi_ok) throw std::bad_alloc();
    waiting_.push_back({std::move(kernel), kept});
  }

  /**
   * Runs what waits; the queue is empty afterwards, also after an exception.
   * @return the seconds that each kernel took
   */
  std::vector<double> run(napi_env env) {
    using Clock = std::chrono::steady_clock;
    std::vector<double> seconds;
    seconds.reserve(waiting_.size());
    try {
      auto before = Clock::now();
      for (const Waiting& each : waiting_) {
        each.kernel();
        const auto after = Clock::now();
        seconds.push_back(std::chrono::duration<double>(after - before).count());
        before = after;
      }
    } catch (...) {
      clear(env);
      throw;
    }
    clear(env);
    return seconds;
  }

 private:
  struct Waiting {
    std::function<void()> kernel;
    napi_ref arguments;
  };

  void clear(napi_env env) {
    for (const Waiting& each : waiting_) napi_delete_reference(env, each.arguments);
    waiting_.clear();
  }

  bool isOpen_ = false;
  std::vector<Waiting> waiting_;
};

}  // namespace arrowsmith
