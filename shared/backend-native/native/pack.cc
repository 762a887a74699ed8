#include "pack.h"

#include <algorithm>

#include "rows.h"

namespace arrowsmith {
namespace {

#if defined(__AVX512F__)

/** Transposes 16 vectors of 16 words: first within 128-bit lanes, in pairs and fours, then the lanes themselves. */
void transpose16(__m512i (&r)[16]) {
  __m512i t[16];
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
  }
  for (int i = 0; i < 16; i += 4) {
    r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
    r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
    r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
    r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
  for (int i = 0; i < 4; i++) {
    t[i] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0x88);
    t[i + 4] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0xdd);
    t[i + 8] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0x88);
    t[i + 12] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0xdd);
  }
  for (int i = 0; i < 8; i++) {
    r[i] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0x88);
    r[i + 8] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0xdd);
  }
}

void transposeSquare(Vec (&rows)[16]) {
  __m512i words[16];  // copies, as a reference to the same memory of another type would let the compiler reorder what is read and written
  for (int i = 0; i < 16; i++) words[i] = reinterpret_cast<__m512i>(rows[i]);
  transpose16(words);
  for (int i = 0; i < 16; i++) rows[i] = reinterpret_cast<Vec>(words[i]);
}

#elif defined(__AVX2__)

/** Transposes 8 vectors of 8 floats: first within 128-bit lanes, in pairs and fours, then the lanes themselves. */
void transposeSquare(Vec (&r)[8]) {
  Vec t[8];
  for (int i = 0; i < 8; i += 2) {
    t[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
    t[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
  }
  for (int i = 0; i < 8; i += 4) {
    r[i] = _mm256_shuffle_ps(t[i], t[i + 2], 0x44);
    r[i + 1] = _mm256_shuffle_ps(t[i], t[i + 2], 0xee);
    r[i + 2] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0x44);
    r[i + 3] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0xee);
  }
  for (int i = 0; i < 4; i++) {
    t[i] = _mm256_permute2f128_ps(r[i], r[i + 4], 0x20);
    t[i + 4] = _mm256_permute2f128_ps(r[i], r[i + 4], 0x31);
  }
  for (int i = 0; i < 8; i++) r[i] = t[i];
}

#endif

/** Columns [n0, n0 + width) of a transposed B: they are rows in memory. */
void packTransposedPanel(Matrix b, int64_t k0, int64_t k1, int64_t n0, int width, float* out) {
  int j = 0;
#if defined(__AVX512F__) || defined(__AVX2__)
  for (; j + kLanes <= width; j += kLanes) {
    for (int64_t p = k0; p < k1; p += kLanes) {
      const int64_t columns = std::min<int64_t>(kLanes, k1 - p);
      Vec rows[kLanes];
      for (int q = 0; q < kLanes; q++) rows[q] = loadPartial(b.data + (n0 + j + q) * b.stride + p, columns);
      transposeSquare(rows);
      for (int64_t k = 0; k < columns; k++) store(out + (p + k) * kPanelWidth + j, rows[k]);
    }
  }
#endif
  for (; j < width; j++) {
    const float* from = b.data + (n0 + j) * b.stride;
    for (int64_t p = k0; p < k1; p++) out[p * kPanelWidth + j] = from[p];
  }
}

/** Stores a vector of a panel. */
template <Readers readers>
void storePacked(float* p, Vec v) {
  if constexpr (readers == Readers::allThreads) {
    storeStreaming(p, v);
  } else {
    store(p, v);
  }
}

/** Rows [k0, k1) of one panel of B[k, n] from column n0 on, zeros beyond the last; `out` is where the panel begins. */
template <Readers readers>
void packPanel(Matrix b, int64_t k0, int64_t k1, int64_t n, int64_t n0, float* out) {
  const int width = static_cast<int>(std::min<int64_t>(kPanelWidth, n - n0));
  if (b.transposed) {
    packTransposedPanel(b, k0, k1, n0, width, out);
    if (width < kPanelWidth) {
      for (int64_t p = k0; p < k1; p++) std::memset(out + p * kPanelWidth + width, 0, (kPanelWidth - width) * sizeof(float));
    }
    return;
  }
  for (int64_t p = k0; p < k1; p++) {
    const float* from = b.data + p * b.stride + n0;
    float* to = out + p * kPanelWidth;
    for (int j = 0; j < kPanelWidth; j += kLanes) {
      if (j + kLanes <= width) {
        storePacked<readers>(to + j, load(from + j));
      } else {
        storePacked<readers>(to + j, j < width ? loadPartial(from + j, width - j) : splat(0));
      }
    }
  }
}

}  // namespace

void packStrips(Matrix a, int64_t rows, int64_t k0, int64_t k1, int64_t k, float* out) {
  // A few columns at a time for all strips: rows of A that lie a power of two apart would otherwise push each other out of the cache
  // before the next strip reads the rest of their lines.
  constexpr int64_t kColumnsAtOnce = 16;
  for (int64_t p0 = k0; p0 < k1; p0 += kColumnsAtOnce) {
    const int64_t p1 = std::min(k1, p0 + kColumnsAtOnce);
    prefetchRows(a.data + p1 * a.stride, a.stride, std::min(kColumnsAtOnce, k1 - p1), rows);
    for (int64_t i = 0; i < rows; i += kTileRows) {
      const int count = static_cast<int>(std::min<int64_t>(kTileRows, rows - i));
      float* strip = out + i * k;
      const float* from = a.data + p0 * a.stride + i;
      int64_t p = p0;
      // A whole vector is copied where it may be read; what it writes beyond its column, the next ones overwrite.
      if (kLanes >= kTileRows && i + kLanes <= rows) {
        const int64_t safe = std::min(p1, k1 - kLanes / kTileRows);
        for (; p < safe; p++, from += a.stride) store(strip + p * kTileRows, load(from));
      }
      for (; p < p1; p++, from += a.stride) {
        for (int q = 0; q < kTileRows; q++) strip[p * kTileRows + q] = q < count ? from[q] : 0;
      }
    }
  }
}

#if defined(__AVX512BF16__)

namespace {

/** 32 floats as 16 pairs, `first` in the lower halves' lanes: pair i holds elements 2i and 2i + 1 of the 32. */
__m512i neighbours(__m512 first, __m512 second) { return (__m512i)_mm512_cvtne2ps_pbh(second, first); }

/** 16 pairs (low[i], high[i]). */
__m512i interleaved(__m512 low, __m512 high) {
  const __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21, 5, 20, 4,
                                         19, 3, 18, 2, 17, 1, 16, 0);
  return _mm512_permutexvar_epi16(order, neighbours(low, high));
}

/** The 16 pairs at p, of `count` floats left there. */
__m512i loadPairs(const float* p, int64_t count) {
  return neighbours(_mm512_maskz_loadu_ps(firstLanes(count), p), _mm512_maskz_loadu_ps(firstLanes(count - 16), p + 16));
}

/** {@link packPanel} in pairs of rows. */
void packPanelBf16(Matrix b, int64_t k0, int64_t k1, int64_t n, int64_t n0, uint32_t* out, Readers readers) {
  const auto storePairs = [readers](uint32_t* p, __m512i pairs) {
    if (readers == Readers::allThreads) {
      _mm512_stream_si512(reinterpret_cast<__m512i*>(p), pairs);
    } else {
      _mm512_store_si512(p, pairs);
    }
  };
  const int64_t firstPair = k0 / 2, lastPair = (k1 + 1) / 2;
  for (int64_t j = 0; j < kPanelWidth; j += 16) {
    const int64_t columns = n - n0 - j;
    if (b.transposed) {
      for (int64_t p = firstPair; p < lastPair; p += 16) {
        __m512i rows[16];
        for (int64_t q = 0; q < 16; q++) {
          rows[q] = q < columns ? loadPairs(b.data + (n0 + j + q) * b.stride + 2 * p, k1 - 2 * p) : _mm512_setzero_si512();
        }
        transpose16(rows);
        const int64_t pairs = std::min<int64_t>(16, lastPair - p);
        for (int64_t q = 0; q < pairs; q++) _mm512_store_si512(out + (p + q) * kPanelWidth + j, rows[q]);
      }
      continue;
    }
    const __mmask16 mask = firstLanes(columns);
    for (int64_t p = firstPair; p < lastPair; p++) {
      const float* from = b.data + 2 * p * b.stride + n0 + j;
      const __m512 low = _mm512_maskz_loadu_ps(mask, from);
      const __m512 high = _mm512_maskz_loadu_ps(2 * p + 1 < k1 ? mask : 0, from + b.stride);
      storePairs(out + p * kPanelWidth + j, interleaved(low, high));
    }
  }
}

}  // namespace

void packRowsBf16(Matrix a, int64_t rows, int64_t k0, int64_t k1, int64_t k, uint32_t* out) {
  const int64_t stride = (k + 1) / 2, lastPair = (k1 + 1) / 2;
  if (!a.transposed) {
    for (int64_t i = 0; i < rows; i++) {
      const float* from = a.data + i * a.stride;
      for (int64_t p = k0 / 2; p < lastPair; p += 16) {
        _mm512_mask_storeu_epi32(out + i * stride + p, firstLanes(lastPair - p), loadPairs(from + 2 * p, k1 - 2 * p));
      }
    }
    return;
  }
  for (int64_t p = k0 / 2; p < lastPair; p += 16) {
    const int64_t count = std::min<int64_t>(16, lastPair - p), next = 2 * (p + count);
    prefetchRows(a.data + next * a.stride, a.stride, std::min<int64_t>(32, k1 - next), rows);
    for (int64_t i = 0; i < rows; i += 16) {
      const __mmask16 mask = firstLanes(rows - i);
      __m512i columns[16];
      for (int64_t q = 0; q < 16; q++) {
        const int64_t at = 2 * (p + q);
        const float* from = a.data + at * a.stride + i;
        columns[q] = interleaved(_mm512_maskz_loadu_ps(at < k1 ? mask : 0, from),
                                 _mm512_maskz_loadu_ps(at + 1 < k1 ? mask : 0, from + a.stride));
      }
      transpose16(columns);
      for (int64_t q = 0; q < std::min<int64_t>(16, rows - i); q++) {
        _mm512_mask_storeu_epi32(out + (i + q) * stride + p, firstLanes(count), columns[q]);
      }
    }
  }
}

#endif

void packPanels(const PackedB& packed, Matrix b, int64_t k0, int64_t k1, int64_t firstPanel, int64_t lastPanel, Readers readers) {
  // A few rows at a time for all panels, as a narrow panel's part of a row is only a line or two of the cache. (Of a transposed B, a
  // panel's columns are rows in memory.)
  constexpr int64_t kRowsAtOnce = 16;
  const int64_t step = b.transposed ? std::max<int64_t>(1, k1 - k0) : kRowsAtOnce;
  for (int64_t p0 = k0; p0 < k1; p0 += step) {
    const int64_t p1 = std::min(k1, p0 + step);
    for (int64_t panel = firstPanel; panel < lastPanel; panel++) {
#if defined(__AVX512BF16__)
      if (packed.precision == Precision::bf16) {
        uint32_t* out = static_cast<uint32_t*>(packed.data) + panel * ((packed.k + 1) / 2) * kPanelWidth;
        packPanelBf16(b, p0, p1, packed.n, panel * kPanelWidth, out, readers);
        continue;
      }
#endif
      float* out = static_cast<float*>(packed.data) + panel * packed.k * kPanelWidth;
      const auto packRows = readers == Readers::allThreads ? packPanel<Readers::allThreads> : packPanel<Readers::thisThread>;
      packRows(b, p0, p1, packed.n, panel * kPanelWidth, out);
    }
  }
  if (readers == Readers::allThreads) completeStreaming();
}

}  // namespace arrowsmith
