/** @file The kernels as functions of a Node addon. Arguments are checked by the C++ signature: a wrong one throws a TypeError. */
#define NAPI_VERSION 8
#include <dlfcn.h>
#include <node_api.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "gemm.h"
#include "kernels.h"
#include "parallel.h"
#include "scratch.h"

namespace arrowsmith {
namespace {

// ---- From JavaScript's values to C++'s

/** Thrown where an argument is not what the function takes. */
struct WrongArgument {
  size_t index;
  const char* expected;
};

/** The values and lengths of an array of Float32Arrays. */
struct FloatArrays {
  std::vector<float*> data;
  std::vector<int64_t> counts;
};

/** How a JavaScript value becomes a C++ value of this type: `read` returns whether it is one, `kExpected` says what would be. */
template <class T>
struct Argument;

template <>
struct Argument<double> {
  static constexpr const char* kExpected = "a number";
  static bool read(napi_env env, napi_value value, double& result) {
    return napi_get_value_double(env, value, &result) == napi_ok;
  }
};

template <>
struct Argument<float> {
  static constexpr const char* kExpected = "a number";
  static bool read(napi_env env, napi_value value, float& result) {
    double number;
    if (!Argument<double>::read(env, value, number)) return false;
    result = static_cast<float>(number);
    return true;
  }
};

template <>
struct Argument<int64_t> {
  static constexpr const char* kExpected = "a whole number from 0";
  static bool read(napi_env env, napi_value value, int64_t& result) {
    double number;
    if (!Argument<double>::read(env, value, number)) return false;
    if (!(number >= 0 && number <= 9007199254740991.0) || number != std::floor(number)) return false;
    result = static_cast<int64_t>(number);
    return true;
  }
};

template <>
struct Argument<int> {
  static constexpr const char* kExpected = "a whole number from 0 to 65535";
  static bool read(napi_env env, napi_value value, int& result) {
    int64_t number;
    if (!Argument<int64_t>::read(env, value, number) || number > 65535) return false;
    result = static_cast<int>(number);
    return true;
  }
};

template <>
struct Argument<bool> {
  static constexpr const char* kExpected = "true or false";
  static bool read(napi_env env, napi_value value, bool& result) {
    return napi_get_value_bool(env, value, &result) == napi_ok;
  }
};

/** An enumeration of two: 0 or 1. */
template <class Enumeration>
struct BinaryEnumeration {
  static constexpr const char* kExpected = "0 or 1";
  static bool read(napi_env env, napi_value value, Enumeration& result) {
    int number;
    if (!Argument<int>::read(env, value, number) || number > 1) return false;
    result = static_cast<Enumeration>(number);
    return true;
  }
};
template <>
struct Argument<Precision> : BinaryEnumeration<Precision> {};
template <>
struct Argument<Activation> : BinaryEnumeration<Activation> {};

bool readTypedArray(napi_env env, napi_value value, napi_typedarray_type wanted, void*& data, size_t& length) {
  napi_typedarray_type type;
  return napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr) == napi_ok && type == wanted &&
         (data != nullptr || length == 0);
}

template <>
struct Argument<float*> {
  static constexpr const char* kExpected = "a Float32Array";
  static bool read(napi_env env, napi_value value, float*& result) {
    void* data;
    size_t length;
    if (!readTypedArray(env, value, napi_float32_array, data, length)) return false;
    result = static_cast<float*>(data);
    return true;
  }
};

template <>
struct Argument<int32_t*> {
  static constexpr const char* kExpected = "an Int32Array";
  static bool read(napi_env env, napi_value value, int32_t*& result) {
    void* data;
    size_t length;
    if (!readTypedArray(env, value, napi_int32_array, data, length)) return false;
    result = static_cast<int32_t*>(data);
    return true;
  }
};

template <>
struct Argument<FloatArrays> {
  static constexpr const char* kExpected = "an array of Float32Arrays";
  static bool read(napi_env env, napi_value value, FloatArrays& result) {
    uint32_t count;
    if (napi_get_array_length(env, value, &count) != napi_ok) return false;
    for (uint32_t i = 0; i < count; i++) {
      napi_value element;
      void* data;
      size_t length;
      if (napi_get_element(env, value, i, &element) != napi_ok) return false;
      if (!readTypedArray(env, element, napi_float32_array, data, length)) return false;
      result.data.push_back(static_cast<float*>(data));
      result.counts.push_back(static_cast<int64_t>(length));
    }
    return true;
  }
};

template <>
struct Argument<std::vector<double>> {
  static constexpr const char* kExpected = "an array of numbers";
  static bool read(napi_env env, napi_value value, std::vector<double>& result) {
    uint32_t count;
    if (napi_get_array_length(env, value, &count) != napi_ok) return false;
    for (uint32_t i = 0; i < count; i++) {
      napi_value element;
      double number;
      if (napi_get_element(env, value, i, &element) != napi_ok) return false;
      if (!Argument<double>::read(env, element, number)) return false;
      result.push_back(number);
    }
    return true;
  }
};

/** `const float*` is read like `float*`, `const FloatArrays&` like `FloatArrays`. */
template <class T>
using Stored = std::conditional_t<std::is_pointer_v<T>, std::add_pointer_t<std::remove_const_t<std::remove_pointer_t<T>>>,
                                  std::remove_const_t<std::remove_reference_t<T>>>;

template <class T>
T readArgument(napi_env env, napi_value value, size_t index) {
  T result{};
  if (!Argument<T>::read(env, value, result)) throw WrongArgument{index, Argument<T>::kExpected};
  return result;
}

// ---- From C++'s values and exceptions to JavaScript's

napi_value toJavaScript(napi_env env, bool value) {
  napi_value result = nullptr;
  napi_get_boolean(env, value, &result);
  return result;
}

napi_value toJavaScript(napi_env env, double value) {
  napi_value result = nullptr;
  napi_create_double(env, value, &result);
  return result;
}

napi_value toJavaScript(napi_env env, int64_t value) { return toJavaScript(env, static_cast<double>(value)); }
napi_value toJavaScript(napi_env env, int value) { return toJavaScript(env, static_cast<double>(value)); }

/** Runs `body`; what it throws becomes a JavaScript exception. No C++ exception may reach Node. */
template <class Body>
napi_value guarded(napi_env env, Body&& body) {
  try {
    return body();
  } catch (const WrongArgument& wrong) {
    const std::string message = "argument " + std::to_string(wrong.index + 1) + " must be " + wrong.expected;
    napi_throw_type_error(env, nullptr, message.c_str());
  } catch (const std::invalid_argument& error) {
    napi_throw_type_error(env, nullptr, error.what());
  } catch (const std::bad_alloc&) {
    napi_throw_error(env, "ENOMEM", "out of memory");
  } catch (const std::exception& error) {
    napi_throw_error(env, nullptr, error.what());
  }
  return nullptr;
}

/** Reads the arguments of a call, which must be exactly so many. */
void readCall(napi_env env, napi_callback_info info, size_t count, napi_value* values) {
  size_t given = count;
  napi_get_cb_info(env, info, &given, values, nullptr, nullptr);
  if (given != count) throw std::invalid_argument("takes " + std::to_string(count) + " arguments, not " + std::to_string(given));
}

/** `Binding<&f>::call` is f for JavaScript. */
template <auto function>
struct Binding;

template <class Result, class... Parameters, Result (*function)(Parameters...)>
struct Binding<function> {
  static napi_value call(napi_env env, napi_callback_info info) {
    return guarded(env, [&] {
      napi_value values[sizeof...(Parameters) + 1];
      readCall(env, info, sizeof...(Parameters), values);
      return apply(env, values, std::index_sequence_for<Parameters...>{});
    });
  }

 private:
  template <size_t... i>
  static napi_value apply(napi_env env, [[maybe_unused]] napi_value* values, std::index_sequence<i...>) {
    std::tuple<Stored<Parameters>...> arguments{readArgument<Stored<Parameters>>(env, values[i], i)...};
    if constexpr (std::is_void_v<Result>) {
      std::apply(function, arguments);
      return nullptr;
    } else {
      return toJavaScript(env, std::apply(function, arguments));
    }
  }
};

// ---- Functions that take structs, as functions of plain arguments

void gemmOfMatrices(Precision precision, int64_t m, int64_t n, int64_t k, const float* a, int64_t strideA, bool transposedA,
                    const float* b, int64_t strideB, bool transposedB, float* c, int64_t strideC, bool accumulate) {
  gemm(precision, m, n, k, {a, strideA, transposedA}, {b, strideB, transposedB}, c, strideC, accumulate);
}

void attentionOfShape(Precision precision, int64_t b, int64_t s, int64_t sKv, int64_t heads, int64_t kvHeads, int64_t headDim,
                      float scale, int64_t window, int64_t chunk, float softCap, const float* q, const float* k,
                      const float* v, float* out, float* logSumExp) {
  attention(precision, {b, s, sKv, heads, kvHeads, headDim, scale, window, chunk, softCap}, q, k, v, out, logSumExp);
}

void attentionGradientOfShape(Precision precision, int64_t b, int64_t s, int64_t sKv, int64_t heads, int64_t kvHeads,
                              int64_t headDim, float scale, int64_t window, int64_t chunk, float softCap, const float* dOut,
                              const float* q, const float* k, const float* v, const float* out, const float* logSumExp,
                              float* dQ, float* dK, float* dV) {
  attentionGradient(precision, {b, s, sKv, heads, kvHeads, headDim, scale, window, chunk, softCap}, dOut, q, k, v, out,
                    logSumExp, dQ, dK, dV);
}

void linearGradientsOfArrays(Precision precision, int64_t n, int64_t in, float* x, const FloatArrays& dYs,
                             const FloatArrays& weights, float* dX, const FloatArrays& dWeights) {
  const size_t count = weights.data.size();
  if (dYs.data.size() != count || dWeights.counts != weights.counts || in == 0) {
    throw std::invalid_argument("weights and their gradients must be as many and of the same lengths");
  }
  std::vector<LinearLayer> layers;
  for (size_t i = 0; i < count; i++) {
    layers.push_back({weights.counts[i] / in, dYs.data[i], weights.data[i], dWeights.data[i]});
  }
  linearGradients(precision, n, in, x, layers.data(), static_cast<int64_t>(count), dX);
}

void adamWOfArrays(const FloatArrays& parameters, const FloatArrays& gradients, const FloatArrays& firstMoments,
                   const FloatArrays& secondMoments, const std::vector<double>& weightDecays, double learningRate,
                   double beta1, double beta2, double epsilon, int64_t step, double gradientScale) {
  const size_t count = parameters.data.size();
  if (gradients.counts != parameters.counts || firstMoments.counts != parameters.counts ||
      secondMoments.counts != parameters.counts || weightDecays.size() != count) {
    throw std::invalid_argument("parameters, gradients, moments and weight decays must be as many and of the same lengths");
  }
  std::vector<AdamWTensor> tensors;
  for (size_t i = 0; i < count; i++) {
    tensors.push_back({parameters.data[i], gradients.data[i], firstMoments.data[i], secondMoments.data[i],
                       parameters.counts[i], weightDecays[i]});
  }
  adamW(tensors.data(), static_cast<int64_t>(count), {learningRate, beta1, beta2, epsilon, step, gradientScale});
}

double sumOfSquaresOfArrays(const FloatArrays& tensors) {
  return sumOfSquares(tensors.data.data(), tensors.counts.data(), static_cast<int64_t>(tensors.data.size()));
}

// ---- Memory for tensors

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

/** `allocate(bytes)`: an ArrayBuffer at a multiple of 64 bytes, outside of V8's heap. Its content is undefined. */
napi_value allocate(napi_env env, napi_callback_info info) {
  return guarded(env, [&] {
    napi_value argument;
    readCall(env, info, 1, &argument);
    const size_t bytes = static_cast<size_t>(readArgument<int64_t>(env, argument, 0));
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
    napi_value buffer;
    readCall(env, info, 1, &buffer);
    if (napi_detach_arraybuffer(env, buffer) != napi_ok) throw WrongArgument{0, "an ArrayBuffer of allocate"};
    return nullptr;
  });
}

/**
 * Keeps this library loaded for good. Node unloads an addon with the last worker thread that used it, while the pool's threads still
 * sleep in its code.
 */
void stayLoaded() {
  static const int here = 0;
  Dl_info library;
  if (dladdr(&here, &library) != 0) dlopen(library.dli_fname, RTLD_LAZY | RTLD_NODELETE);
}

}  // namespace
}  // namespace arrowsmith

NAPI_MODULE_INIT() {
  using namespace arrowsmith;
  stayLoaded();
  const std::pair<const char*, napi_callback> functions[] = {
      {"allocate", allocate},
      {"release", release},
      {"setThreads", Binding<&setThreads>::call},
      {"threads", Binding<&threads>::call},
      {"scratchTotal", Binding<&scratchTotal>::call},
      {"hasBf16", Binding<&hasBf16>::call},
      {"gemm", Binding<&gemmOfMatrices>::call},
      {"gemmBatched", Binding<&gemmBatched>::call},
      {"linear", Binding<&linear>::call},
      {"linearGradients", Binding<&linearGradientsOfArrays>::call},
      {"attention", Binding<&attentionOfShape>::call},
      {"attentionGradient", Binding<&attentionGradientOfShape>::call},
      {"rmsNorm", Binding<&rmsNorm>::call},
      {"rmsNormGradient", Binding<&rmsNormGradient>::call},
      {"rope", Binding<&rope>::call},
      {"gatedActivation", Binding<&gatedActivation>::call},
      {"gatedActivationGradient", Binding<&gatedActivationGradient>::call},
      {"embedding", Binding<&embedding>::call},
      {"embeddingGradient", Binding<&embeddingGradient>::call},
      {"tokenLosses", Binding<&tokenLosses>::call},
      {"linearCrossEntropy", Binding<&linearCrossEntropy>::call},
      {"adamW", Binding<&adamWOfArrays>::call},
      {"add", Binding<&add>::call},
      {"scale", Binding<&scale>::call},
      {"sumOfSquares", Binding<&sumOfSquaresOfArrays>::call},
  };
  for (const auto& [name, callback] : functions) {
    napi_value function;
    if (napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function) != napi_ok) return nullptr;
    if (napi_set_named_property(env, exports, name, function) != napi_ok) return nullptr;
  }
  return exports;
}
