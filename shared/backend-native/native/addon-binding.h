/** @file C++ functions as functions of a Node addon. Arguments are checked by the C++ signature: a wrong one throws a TypeError. */
#pragma once
#define NAPI_VERSION 8
#include <node_api.h>

#include <cmath>
#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "addon-queue.h"
#include "gemm.h"
#include "kernels.h"

namespace arrowsmith {

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

/** The values and the length of an Int32Array. */
struct Int32Array {
  const int32_t* data = nullptr;
  int64_t count = 0;
};

/** An array that need not be there: for JavaScript's null, `data` is null. */
struct OptionalFloats {
  const float* data = nullptr;
};
struct OptionalInts {
  const int32_t* data = nullptr;
  int64_t count = 0;
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

inline bool readTypedArray(napi_env env, napi_value value, napi_typedarray_type wanted, void*& data, size_t& length) {
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
struct Argument<Int32Array> {
  static constexpr const char* kExpected = "an Int32Array";
  static bool read(napi_env env, napi_value value, Int32Array& result) {
    void* data;
    size_t length;
    if (!readTypedArray(env, value, napi_int32_array, data, length)) return false;
    result = {static_cast<int32_t*>(data), static_cast<int64_t>(length)};
    return true;
  }
};

inline bool isNull(napi_env env, napi_value value) {
  napi_valuetype type;
  return napi_typeof(env, value, &type) == napi_ok && type == napi_null;
}

template <>
struct Argument<OptionalFloats> {
  static constexpr const char* kExpected = "a Float32Array or null";
  static bool read(napi_env env, napi_value value, OptionalFloats& result) {
    if (isNull(env, value)) return true;
    float* data;
    if (!Argument<float*>::read(env, value, data)) return false;
    result.data = data;
    return true;
  }
};

template <>
struct Argument<OptionalInts> {
  static constexpr const char* kExpected = "an Int32Array or null";
  static bool read(napi_env env, napi_value value, OptionalInts& result) {
    if (isNull(env, value)) return true;
    Int32Array values;
    if (!Argument<Int32Array>::read(env, value, values)) return false;
    result = {values.data, values.count};
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

inline napi_value toJavaScript(napi_env env, bool value) {
  napi_value result = nullptr;
  napi_get_boolean(env, value, &result);
  return result;
}

inline napi_value toJavaScript(napi_env env, double value) {
  napi_value result = nullptr;
  napi_create_double(env, value, &result);
  return result;
}

inline napi_value toJavaScript(napi_env env, const std::vector<double>& values) {
  napi_value result = nullptr;
  napi_create_array_with_length(env, values.size(), &result);
  for (size_t i = 0; i < values.size(); i++) napi_set_element(env, result, static_cast<uint32_t>(i), toJavaScript(env, values[i]));
  return result;
}

inline napi_value toJavaScript(napi_env env, int64_t value) { return toJavaScript(env, static_cast<double>(value)); }
inline napi_value toJavaScript(napi_env env, int value) { return toJavaScript(env, static_cast<double>(value)); }

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

/** A call of a function: its arguments, which must be exactly so many, and the name it has in JavaScript. */
template <size_t count>
struct Call {
  napi_value arguments[count + 1];
  const char* name;

  Call(napi_env env, napi_callback_info info) {
    size_t given = count;
    void* data = nullptr;
    napi_get_cb_info(env, info, &given, arguments, nullptr, &data);
    name = static_cast<const char*>(data);
    if (given != count) throw std::invalid_argument("takes " + std::to_string(count) + " arguments, not " + std::to_string(given));
  }
};

template <class... Parameters, size_t... i>
std::tuple<Stored<Parameters>...> readArguments(napi_env env, [[maybe_unused]] const napi_value* values, std::index_sequence<i...>) {
  return {readArgument<Stored<Parameters>>(env, values[i], i)...};
}

/** `Binding<&f>::call` is f for JavaScript. */
template <auto function>
struct Binding;

template <class Result, class... Parameters, Result (*function)(Parameters...)>
struct Binding<function> {
  static napi_value call(napi_env env, napi_callback_info info) {
    return guarded(env, [&]() -> napi_value {
      const Call<sizeof...(Parameters)> call(env, info);
      auto arguments = readArguments<Parameters...>(env, call.arguments, std::index_sequence_for<Parameters...>{});
      if constexpr (std::is_void_v<Result>) {
        std::apply(function, arguments);
        return nullptr;
      } else {
        return toJavaScript(env, std::apply(function, arguments));
      }
    });
  }
};

/** `KernelBinding<&f>::call` is the kernel f for JavaScript: while the queue is open, it waits there. */
template <auto function>
struct KernelBinding;

template <class... Parameters, void (*function)(Parameters...)>
struct KernelBinding<function> {
  static napi_value call(napi_env env, napi_callback_info info) {
    return guarded(env, [&]() -> napi_value {
      constexpr size_t count = sizeof...(Parameters);
      const Call<count> call(env, info);
      auto arguments = readArguments<Parameters...>(env, call.arguments, std::index_sequence_for<Parameters...>{});
      if (KernelQueue& queue = KernelQueue::of(env); queue.isOpen()) {
        const auto kernel = [arguments = std::move(arguments)] { std::apply(function, arguments); };
        queue.add(env, call.name, kernel, call.arguments, count);
      } else {
        std::apply(function, arguments);
      }
      return nullptr;
    });
  }
};

}  // namespace arrowsmith
