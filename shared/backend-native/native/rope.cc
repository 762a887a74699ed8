/** @file Rotary position embeddings (Su et al. 2021, https://arxiv.org/abs/2104.09864). */
#include <algorithm>
#include <cstring>

#include "rope.h"

#include "parallel.h"
#include "scratch.h"
#include "simd.h"

namespace arrowsmith {
namespace {

/** Floats in a piece of work. */
constexpr int64_t kPieceFloats = 16384;

typedef uint64_t VecPairs __attribute__((vector_size(kVectorBytes)));

/** (v1, v0, v3, v2, …): a rotation of each pair by half its bits. */
Vec swapPairs(Vec v) {
  const VecPairs pairs = reinterpret_cast<VecPairs>(v);
  return reinterpret_cast<Vec>(pairs << 32 | pairs >> 32);
}

/** Turns planes (x[j], x[j + planes]) of one head. */
void turnHalves(int64_t planes, const float* x, const float* cos, const float* sin, float sign, float* y) {
  forEachVector(0, planes, [&](int64_t j, auto lanes) {
    const Vec a = lanes.load(x + j), b = lanes.load(x + planes + j);
    const Vec c = lanes.load(cos + j), s = lanes.load(sin + j) * splat(sign);
    lanes.store(y + j, a * c - b * s);
    lanes.store(y + planes + j, b * c + a * s);
  });
}

/** What {@link turnPairs} multiplies with: [2, 2 planes], (cos j, cos j) and (−sin j, sin j) at 2j and 2j + 1. */
void spread(int64_t planes, const float* cos, const float* sin, float sign, float* factors) {
  for (int64_t j = 0; j < planes; j++) {
    factors[2 * j] = factors[2 * j + 1] = cos[j];
    factors[2 * (planes + j)] = -sign * sin[j];
    factors[2 * (planes + j) + 1] = sign * sin[j];
  }
}

/** Turns planes (x[2j], x[2j + 1]) of one head. */
void turnPairs(int64_t planes, const float* x, const float* factors, float* y) {
  forEachVector(0, 2 * planes, [&](int64_t j, auto lanes) {
    const Vec v = lanes.load(x + j);
    lanes.store(y + j, v * lanes.load(factors + j) + swapPairs(v) * lanes.load(factors + 2 * planes + j));
  });
}

/** Turns one head's vector; `factors` are those of {@link spread} for interleaved planes. */
void turnVector(const Rotation& rotation, int64_t position, int64_t headDim, const float* x, float sign, const float* factors,
                float* y) {
  const int64_t planes = rotation.planes;
  if (rotation.interleaved) {
    turnPairs(planes, x, factors, y);
  } else {
    turnHalves(planes, x, rotation.cos + position * planes, rotation.sin + position * planes, sign, y);
  }
  if (2 * planes == headDim || x == y) return;
  std::memcpy(y + 2 * planes, x + 2 * planes, static_cast<size_t>(headDim - 2 * planes) * sizeof(float));
}

/** Calls `body(position, sign, factors)` for each of the positions. */
template <class Body>
void forEachPosition(const Rotation& rotation, int64_t begin, int64_t end, bool inverse, Body&& body) {
  const float sign = inverse ? -1.0f : 1.0f;
  float* factors = rotation.interleaved ? scratchFloats(Scratch::partials, 4 * rotation.planes) : nullptr;
  for (int64_t position = begin; position < end; position++) {
    const int64_t at = position * rotation.planes;
    if (rotation.interleaved) spread(rotation.planes, rotation.cos + at, rotation.sin + at, sign, factors);
    body(position, sign, factors);
  }
}

}  // namespace

void turnRows(const Rotation& rotation, int64_t rows, int64_t position, int64_t headDim, const float* x, int64_t strideX,
              bool inverse, float* y, int64_t strideY) {
  forEachPosition(rotation, position, position + rows, inverse, [&](int64_t p, float sign, const float* factors) {
    turnVector(rotation, p, headDim, x + (p - position) * strideX, sign, factors, y + (p - position) * strideY);
  });
}

void rope(int64_t rows, int64_t s, int64_t heads, int64_t headDim, const Rotation& rotation, const float* x, bool inverse, float* y) {
  const int64_t width = heads * headDim;
  parallelRanges(rows, std::max<int64_t>(1, kPieceFloats / width), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      forEachPosition(rotation, row % s, row % s + 1, inverse, [&](int64_t position, float sign, const float* factors) {
        for (int64_t at = row * width; at < (row + 1) * width; at += headDim) {
          turnVector(rotation, position, headDim, x + at, sign, factors, y + at);
        }
      });
    }
  });
}

}  // namespace arrowsmith
