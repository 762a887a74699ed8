/** @file JavaScript's values as C++'s, and what of them is checked. */
#pragma once
#define NAPI_VERSION 8
#include <node_api.h>

#include <cmath>
#include <iterator>
#include <string>
#include <type_traits>
#include <vector>

#include "gemm.h"
#include "kernel-signature.h"
#include "kernels.h"

namespace arrowsmith {

/** An array of Float32Arrays. */
using FloatArrays = std::vector<float*>;
/** An array of Int32Arrays. */
using IntegerArrays = std::vector<int32_t*>;
using Formats = std::vector<Format>;
using Sizes = std::vector<int64_t>;
using Numbers = std::vector<double>;

/**
 * How a JavaScript value becomes a C++ value of this type. `read` returns whether it is one of that kind, and takes down what of it is checked
 * by the kernel's signature.
 */
template <class T>
struct Argument;

inline bool readNumber(napi_env env, napi_value value, double& result) {
  return napi_get_value_double(env, value, &result) == napi_ok;
}

/** −1 for what is no whole number from 0. */
inline int64_t sizeOf(double number) {
  return number >= 0 && number <= 9007199254740991.0 && number == std::floor(number) ? static_cast<int64_t>(number) : -1;
}

template <class Number>
struct NumberArgument {
  static constexpr Kind kKind = Kind::number;
  static bool read(napi_env env, napi_value value, Number& result, Given&) {
    double number = 0;
    if (!readNumber(env, value, number)) return false;
    result = static_cast<Number>(number);
    return true;
  }
};
template <>
struct Argument<double> : NumberArgument<double> {};
template <>
struct Argument<float> : NumberArgument<float> {};

template <>
struct Argument<int64_t> {
  static constexpr Kind kKind = Kind::size;
  static bool read(napi_env env, napi_value value, int64_t& result, Given& given) {
    if (!readNumber(env, value, given.number)) return false;
    result = given.size = sizeOf(given.number);
    return true;
  }
};

template <>
struct Argument<bool> {
  static constexpr Kind kKind = Kind::boolean;
  static bool read(napi_env env, napi_value value, bool& result, Given&) {
    return napi_get_value_bool(env, value, &result) == napi_ok;
  }
};

/** An enumeration of two: 0 or 1. */
template <class Enumeration>
struct ChoiceArgument {
  static constexpr Kind kKind = Kind::choice;
  static bool read(napi_env env, napi_value value, Enumeration& result, Given&) {
    double number = 0;
    if (!readNumber(env, value, number) || (number != 0 && number != 1)) return false;
    result = static_cast<Enumeration>(static_cast<int>(number));
    return true;
  }
};
template <>
struct Argument<Precision> : ChoiceArgument<Precision> {};
template <>
struct Argument<Activation> : ChoiceArgument<Activation> {};
template <>
struct Argument<InputPrecision> : ChoiceArgument<InputPrecision> {};

inline bool readTypedArray(napi_env env, napi_value value, napi_typedarray_type wanted, void*& data, int64_t& length) {
  napi_typedarray_type type;
  size_t count = 0;
  if (napi_get_typedarray_info(env, value, &type, &count, &data, nullptr, nullptr) != napi_ok || type != wanted) return false;
  length = static_cast<int64_t>(count);
  return data != nullptr || length == 0;
}

inline bool isNull(napi_env env, napi_value value) {
  napi_valuetype type;
  return napi_typeof(env, value, &type) == napi_ok && type == napi_null;
}

/** For null, which the signature may allow, a null pointer. */
template <class Element, Kind kind, napi_typedarray_type type>
struct ArrayArgument {
  static constexpr Kind kKind = kind;
  static bool read(napi_env env, napi_value value, Element*& result, Given& given) {
    void* data = nullptr;
    if (!readTypedArray(env, value, type, data, given.length)) return given.isNull = isNull(env, value);
    result = static_cast<Element*>(data);
    if constexpr (kind == Kind::integers) given.integers = result;
    return true;
  }
};
template <>
struct Argument<float*> : ArrayArgument<float, Kind::floats, napi_float32_array> {};
template <>
struct Argument<int32_t*> : ArrayArgument<int32_t, Kind::integers, napi_int32_array> {};

/** Calls `read(element)` for all elements of an array, as long as that returns true. @return whether it is an array, and always did */
template <class Read>
bool readList(napi_env env, napi_value value, Given& given, Read&& read) {
  uint32_t count;
  if (napi_get_array_length(env, value, &count) != napi_ok) return false;
  given.length = count;
  for (uint32_t i = 0; i < count; i++) {
    napi_value element;
    if (napi_get_element(env, value, i, &element) != napi_ok || !read(element)) return false;
  }
  return true;
}

template <class Element, Kind kind, napi_typedarray_type type>
struct ArraysArgument {
  static constexpr Kind kKind = kind;
  static bool read(napi_env env, napi_value value, std::vector<Element*>& result, Given& given) {
    return readList(env, value, given, [&](napi_value element) {
      void* data = nullptr;
      int64_t length = 0;
      if (!readTypedArray(env, element, type, data, length)) return false;
      result.push_back(static_cast<Element*>(data));
      given.list.push_back(length);
      return true;
    });
  }
};
template <>
struct Argument<FloatArrays> : ArraysArgument<float, Kind::floatArrays, napi_float32_array> {};
template <>
struct Argument<IntegerArrays> : ArraysArgument<int32_t, Kind::integerArrays, napi_int32_array> {};

inline bool readFormat(napi_env env, napi_value value, Format& result, Given& given) {
  double number = 0;
  if (!readNumber(env, value, number) || number != std::floor(number) || number < 0 || number >= kFormats) return false;
  result = static_cast<Format>(static_cast<int>(number));
  given.list.push_back(static_cast<int64_t>(number));
  return true;
}

template <>
struct Argument<Format> {
  static constexpr Kind kKind = Kind::format;
  static bool read(napi_env env, napi_value value, Format& result, Given& given) { return readFormat(env, value, result, given); }
};

template <>
struct Argument<Formats> {
  static constexpr Kind kKind = Kind::formats;
  static bool read(napi_env env, napi_value value, Formats& result, Given& given) {
    return readList(env, value, given, [&](napi_value element) {
      Format format{};
      if (!readFormat(env, element, format, given)) return false;
      result.push_back(format);
      return true;
    });
  }
};

template <>
struct Argument<Numbers> {
  static constexpr Kind kKind = Kind::numbers;
  static bool read(napi_env env, napi_value value, Numbers& result, Given& given) {
    return readList(env, value, given, [&](napi_value element) {
      double number = 0;
      if (!readNumber(env, element, number)) return false;
      result.push_back(number);
      return true;
    });
  }
};

template <>
struct Argument<Sizes> {
  static constexpr Kind kKind = Kind::sizes;
  static bool read(napi_env env, napi_value value, Sizes& result, Given& given) {
    if (!Argument<Numbers>::read(env, value, given.numbers, given)) return false;
    for (const double number : given.numbers) result.push_back(sizeOf(number));
    given.list = result;
    return true;
  }
};

/** As what `const float*` and `const FloatArrays&` are read, for example: `float*` and `FloatArrays`. */
template <class T>
using Stored = std::conditional_t<std::is_pointer_v<T>, std::add_pointer_t<std::remove_const_t<std::remove_pointer_t<T>>>,
                                  std::remove_const_t<std::remove_reference_t<T>>>;

/** What a value is, for messages: `Float64Array`, `-1`, `[Float32Array, null]`. */
inline std::string describe(napi_env env, napi_value value, bool isWithin = false) {
  constexpr uint32_t kShown = 8;
  uint32_t count = 0;
  if (napi_get_array_length(env, value, &count) == napi_ok) {
    if (isWithin) return "an array";
    std::string list;
    for (uint32_t i = 0; i < count && i < kShown; i++) {
      napi_value element;
      if (napi_get_element(env, value, i, &element) != napi_ok) break;
      list += (i == 0 ? "" : ", ") + describe(env, element, true);
    }
    return "[" + list + (count > kShown ? ", …]" : "]");
  }
  const char* const kNames[] = {"Int8Array",   "Uint8Array",   "Uint8ClampedArray", "Int16Array",    "Uint16Array",   "Int32Array",
                                "Uint32Array", "Float32Array", "Float64Array",      "BigInt64Array", "BigUint64Array"};
  napi_typedarray_type elements;
  if (napi_get_typedarray_info(env, value, &elements, nullptr, nullptr, nullptr, nullptr) == napi_ok) {
    return static_cast<size_t>(elements) < std::size(kNames) ? kNames[elements] : "a typed array";
  }
  napi_valuetype type = napi_undefined;
  napi_typeof(env, value, &type);
  switch (type) {
    case napi_undefined: return "undefined";
    case napi_null: return "null";
    case napi_boolean: return "a boolean";
    case napi_string: return "a string";
    case napi_function: return "a function";
    case napi_number: {
      double number = 0;
      readNumber(env, value, number);
      return numberText(number);
    }
    default: return "an object";
  }
}

}  // namespace arrowsmith
