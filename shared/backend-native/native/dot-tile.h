/**
 * @file Dot products of some rows with some others. Each is summed in one order, whatever rows it is computed together with: lane i of a vector
 * takes the products i, i + kLanes, … one after the other, and then the lanes are added by halves (simd.h).
 */
#pragma once
#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "simd.h"

namespace arrowsmith {

/** Rows of x in a tile, at most: with four others, the sums, and what they are made of, are in registers. */
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int kDotRows = 6;
#else
constexpr int kDotRows = 3;
#endif
/** Rows of another matrix in a tile … */
constexpr int kDotColumns = 4;
/** … and for few rows of x, whose sums alone would wait for each other. */
constexpr int kDotColumnsOfFew = 8;

/** Whether a tile asks for rows after its own, which follow them in memory. */
enum class Ahead { nothing, nextRows };
/** How far ahead, in bytes: as much as comes while memory answers. Whole tiles, at least one. */
constexpr int64_t kAheadBytes = 12 * 1024;

/**
 * The sums of the products of rows x[R][k] with rows w[C][k], as vectors of lanes that are still to be added up.
 *
 * @param Elements how w is read (stored-matrix.h)
 */
template <class Elements, int R, int C, Ahead ahead>
inline __attribute__((always_inline)) void dotTile(const float* const* x, const typename Elements::Element* const* w, int64_t k,
                                                   Vec (&sums)[R][C]) {
  using Element = typename Elements::Element;
  constexpr int kLineElements = 64 / sizeof(Element);
  constexpr int kLineVectors = kLineElements / kLanes;
  // What the compiler is to keep in registers.
  const float* xs[R];
  const Element* ws[C];
#pragma GCC unroll 8
  for (int r = 0; r < R; r++) xs[r] = x[r];
#pragma GCC unroll 8
  for (int c = 0; c < C; c++) ws[c] = w[c];
  Vec all[R][C] = {};
  const auto step = [&](int64_t i) __attribute__((always_inline)) {
    Vec row[R];
#pragma GCC unroll 8
    for (int r = 0; r < R; r++) {
      row[r] = load(xs[r] + i);
      if (C > 1) keepInRegister(row[r]);  // of 28 loads for 24 products, the processor does two in a cycle
    }
#pragma GCC unroll 8
    for (int c = 0; c < C; c++) {
      Vec other = Elements::load(ws[c] + i);
      if (R > 1) keepInRegister(other);
#pragma GCC unroll 8
      for (int r = 0; r < R; r++) all[r][c] = multiplyAdd(row[r], other, all[r][c]);
    }
  };
  int64_t i = 0;
  if constexpr (ahead == Ahead::nextRows) {
    const int64_t tile = C * k, distance = tile * std::max<int64_t>(1, kAheadBytes / (tile * static_cast<int64_t>(sizeof(Element))));
    for (; i + kLineElements <= k; i += kLineElements) {
#pragma GCC unroll 8
      for (int c = 0; c < C; c++) __builtin_prefetch(ws[c] + distance + i);
#pragma GCC unroll 16
      for (int vector = 0; vector < kLineVectors; vector++) step(i + vector * kLanes);
    }
  }
  for (; i + kLanes <= k; i += kLanes) step(i);
  if (i < k) {
#pragma GCC unroll 8
    for (int c = 0; c < C; c++) {
      const Vec other = Elements::loadPartial(ws[c] + i, k - i);
#pragma GCC unroll 8
      for (int r = 0; r < R; r++) all[r][c] = multiplyAdd(loadPartial(xs[r] + i, k - i), other, all[r][c]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; r++) {
#pragma GCC unroll 8
    for (int c = 0; c < C; c++) sums[r][c] = all[r][c];
  }
}

/** Calls `body` with the constant that `count` (1 … kDotRows) is, as a type. */
template <class Body>
inline void withRowCount(int64_t count, Body&& body) {
  switch (count) {
    case 1: return body(std::integral_constant<int, 1>{});
    case 2: return body(std::integral_constant<int, 2>{});
    case 3: return body(std::integral_constant<int, 3>{});
    case 4: return body(std::integral_constant<int, kDotRows < 4 ? 1 : 4>{});
    case 5: return body(std::integral_constant<int, kDotRows < 5 ? 1 : 5>{});
    default: return body(std::integral_constant<int, kDotRows>{});
  }
}

}  // namespace arrowsmith
