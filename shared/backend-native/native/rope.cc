/** @file Rotary position embeddings (Su et al. 2021, https://arxiv.org/abs/2104.09864). */
#include <algorithm>
#include <cstring>

#include "rope.h"

#include <algorithm>

#include "dry-run.h"
#include "parallel.h"
#include "rows.h"
#include "scratch.h"
#include "simd.h"

namespace arrowsmith {
namespace {

/** Floats in a piece of work. */
constexpr int64_t kPieceFloats = 16384;
/** How far ahead of one head's rows the next are asked for. */
constexpr int64_t kRowsAhead = 32;

typedef uint64_t VecPairs __attribute__((vector_size(kVectorBytes)));

/** (v1, v0, v3, v2, …): a rotation of each pair by half its bits. */
Vec swapPairs(Vec v) {
  const VecPairs pairs = reinterpret_cast<VecPairs>(v);
  return reinterpret_cast<Vec>(pairs << 32 | pairs >> 32);
}

/** Half as many floats as a vector, at an address of any alignment. */
typedef float HalfVec __attribute__((vector_size(kVectorBytes / 2), aligned(4), may_alias));
constexpr int64_t kHalfLanes = kLanes / 2;

struct HalfLanes {
  HalfVec load(const float* p) const { return *reinterpret_cast<const HalfVec*>(p); }
  void store(float* p, HalfVec v) const { *reinterpret_cast<HalfVec*>(p) = v; }
};

/** Turns rotaryPairs (x[j], x[j + rotaryPairs]) of one head. */
void turnHalves(int64_t rotaryPairs, const float* x, const float* cos, const float* sin, bool inverse, float* y) {
  const auto turn = [=](int64_t j, auto lanes) {
    const auto a = lanes.load(x + j), b = lanes.load(x + rotaryPairs + j), c = lanes.load(cos + j), s = lanes.load(sin + j);
    lanes.store(y + j, inverse ? a * c + b * s : a * c - b * s);
    lanes.store(y + rotaryPairs + j, inverse ? b * c - a * s : b * c + a * s);
  };
  // Whole vectors of an odd number of halves would lie across lines of the cache, and leave a rest that needs masks.
  if (rotaryPairs % kLanes == kHalfLanes) {
    for (int64_t j = 0; j < rotaryPairs; j += kHalfLanes) turn(j, HalfLanes{});
  } else {
    forEachVector(0, rotaryPairs, turn);
  }
}

/** What {@link turnPairs} multiplies with: [2, 2 rotaryPairs], (cos j, cos j) and (∓sin j, ±sin j) at 2j and 2j + 1. */
void spread(int64_t rotaryPairs, const float* cos, const float* sin, bool inverse, float* factors) {
  const float sign = inverse ? -1.0f : 1.0f;
  for (int64_t j = 0; j < rotaryPairs; j++) {
    factors[2 * j] = factors[2 * j + 1] = cos[j];
    factors[2 * (rotaryPairs + j)] = -sign * sin[j];
    factors[2 * (rotaryPairs + j) + 1] = sign * sin[j];
  }
}

/** Turns rotaryPairs (x[2j], x[2j + 1]) of one head. */
void turnPairs(int64_t rotaryPairs, const float* x, const float* factors, float* y) {
  forEachVector(0, 2 * rotaryPairs, [&](int64_t j, auto lanes) {
    const Vec v = lanes.load(x + j);
    lanes.store(y + j, v * lanes.load(factors + j) + swapPairs(v) * lanes.load(factors + 2 * rotaryPairs + j));
  });
}

/** Turns one head's vector; `factors` are those of {@link spread} for interleaved rotaryPairs. */
void turnVector(const Rotation& rotation, int64_t position, int64_t headDim, const float* x, bool inverse, const float* factors,
                float* y) {
  const int64_t rotaryPairs = rotation.rotaryPairs;
  if (rotation.interleaved) {
    turnPairs(rotaryPairs, x, factors, y);
  } else {
    turnHalves(rotaryPairs, x, rotation.cos + position * rotaryPairs, rotation.sin + position * rotaryPairs, inverse, y);
  }
  if (2 * rotaryPairs == headDim || x == y) return;
  std::memcpy(y + 2 * rotaryPairs, x + 2 * rotaryPairs, static_cast<size_t>(headDim - 2 * rotaryPairs) * sizeof(float));
}

/** Of the factors that {@link spread} makes of one position. */
size_t factorBytes(const Rotation& rotation) { return sizeof(float) * static_cast<size_t>(4 * rotation.rotaryPairs); }

/** Calls `body(position, factors)` for each of the positions. */
template <class Body>
void forEachPosition(const Rotation& rotation, int64_t begin, int64_t end, bool inverse, Body&& body) {
  float* factors = rotation.interleaved ? static_cast<float*>(scratchBytes(Scratch::partials, factorBytes(rotation))) : nullptr;
  for (int64_t position = begin; position < end; position++) {
    const int64_t at = position * rotation.rotaryPairs;
    if (rotation.interleaved) spread(rotation.rotaryPairs, rotation.cos + at, rotation.sin + at, inverse, factors);
    body(position, factors);
  }
}

}  // namespace

void rotateRows(const Rotation& rotation, int64_t rows, int64_t position, int64_t headDim, const float* x, int64_t strideX,
              bool inverse, float* y, int64_t strideY) {
  prefetchRows(x, strideX, std::min(rows, kRowsAhead), headDim);
  forEachPosition(rotation, position, position + rows, inverse, [&](int64_t p, const float* factors) {
    const float* row = x + (p - position) * strideX;
    prefetchRows(row + kRowsAhead * strideX, strideX, 1, headDim);
    turnVector(rotation, p, headDim, row, inverse, factors, y + (p - position) * strideY);
  });
}

void needForRotation(const Rotation* rotation) {
  if (rotation != nullptr && rotation->interleaved) needOnEachThread(Scratch::partials, factorBytes(*rotation));
}

void rope(int64_t rows, int64_t s, int64_t heads, int64_t headDim, const Rotation& rotation, const float* x, bool inverse, float* y) {
  const int64_t width = heads * headDim;
  needForRotation(&rotation);
  parallelRanges(rows, std::max<int64_t>(1, kPieceFloats / width), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      forEachPosition(rotation, row % s, row % s + 1, inverse, [&](int64_t position, const float* factors) {
        for (int64_t at = row * width; at < (row + 1) * width; at += headDim) {
          turnVector(rotation, position, headDim, x + at, inverse, factors, y + at);
        }
      });
    }
  });
}

}  // namespace arrowsmith
