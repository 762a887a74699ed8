#include "integer-products.h"

#include <algorithm>

#include "dry-run.h"
#include "scratch.h"

namespace arrowsmith {
namespace {

/** kLanes rows of a matrix. */
struct Panel {
  const uint8_t* rows;
  int64_t rowBytes;
  /** Of the rows; null where the format has none. */
  const float* scales;
};

/** Rows of quantized inputs, from the first of a part on. */
struct Inputs {
  const int8_t* values;
  int64_t stride;
  const InputBlock* blocks;
  int64_t count, rows;
};

/** How far ahead the cache is asked for a matrix, in bytes: whole panels, at least one. */
constexpr int64_t kAheadBytesOfPanels = 12 * 1024;

inline int64_t aheadOf(const Panel& panel) {
  const int64_t all = kLanes * panel.rowBytes;
  return all * std::max<int64_t>(1, kAheadBytesOfPanels / all);
}

/** Asks the cache for the bytes that come a panel or more after these: their share of all. */
inline void askAhead(const Panel& panel, int64_t begin, int64_t bytes) {
  const uint8_t* const first = panel.rows + aheadOf(panel) + kLanes * begin;
  for (int64_t at = 0; at < kLanes * bytes; at += 64) __builtin_prefetch(first + at);
}

/** y + product, of which the product is rounded first. */
inline Vec addRounded(Vec y, Vec a, Vec b) {
  Vec product = a * b;
  keepInRegister(product);
  return y + product;
}

/**
 * Multiplies four times `count` columns of a panel with all rows.
 *
 * @param start of a row, its sums before
 * @param end takes a row, and its sums after
 */
template <int bits, int count, class Start, class End>
inline __attribute__((always_inline)) void multiplyColumns(const VecBits (&w)[count], const Inputs& x, int64_t column, Start&& start, End&& end) {
  constexpr int kTogether = std::min(count, vectorsTogether<bits>());
  const int8_t* values = x.values + column;
  for (int64_t row = 0; row < x.rows; row++, values += x.stride) {
    VecIntegers sums[2] = {};  // which need not wait for each other, nor for those before
#pragma GCC unroll 8
    for (int i = 0; i < count; i += kTogether) {
      VecIntegers& sum = sums[i / kTogether % 2];
      sum = addAllDots<bits, kTogether>(sum, w + i, values + 4 * i);
    }
    end(row, start(row) + (sums[0] + sums[1]));
  }
}

/** y = the products of all rows with a panel in a format of blocks. */
template <class Integers>
void multiplyBlocks(const Panel& panel, int64_t columns, const Inputs& x, Vec* y) {
  constexpr int kValues = std::min(Integers::kGroup, kChunk), kChunks = Integers::kGroup / kValues, kGroups = Integers::kBlock / Integers::kGroup;
  VecIntegers kept[kChunks == 1 ? 1 : kPartRows];
  for (int64_t block = 0; block < columns / Integers::kBlock; block++) {
    const uint8_t* const at = panel.rows + block * Integers::kBytes;
    askAhead(panel, block * Integers::kBytes, Integers::kBytes);
    const auto scales = Integers::scales(at, panel.rowBytes);
    for (int group = 0; group < kGroups; group++) {
      const InputBlock* const inputs = x.blocks + block * kGroups + group;
      const Vec scale = scales.scale(group);
      const auto start = [&](int64_t row) {
        VecIntegers sums{};
        if constexpr (Integers::kZeros == Zeros::constant && Integers::kZero != 0) sums -= Integers::kZero * inputs[row * x.count].sum;
        return sums;
      };
      const auto end = [&](int64_t row, VecIntegers sums) {
        const auto [inputScale, inputSum] = inputs[row * x.count];
        if constexpr (Integers::kZeros == Zeros::perRow) sums -= scales.zero * inputSum;
        Vec both = scale * splat(inputScale);
        keepInRegister(both);
        Vec sum = addRounded(y[row], both, __builtin_convertvector(sums, Vec));
        if constexpr (Integers::kZeros == Zeros::none) {
          sum = addRounded(sum, scales.addend(group), splat(inputScale * static_cast<float>(inputSum)));
        }
        y[row] = sum;
      };
      for (int chunk = 0; chunk < kChunks; chunk++) {
        VecBits w[kValues / 4];
        Integers::load(at, panel.rowBytes, group * kChunks + chunk, w);
        const int64_t column = block * Integers::kBlock + group * Integers::kGroup + chunk * kValues;
        if constexpr (kChunks == 1) {
          multiplyColumns<Integers::kBits>(w, x, column, start, end);
        } else if (chunk == 0) {
          multiplyColumns<Integers::kBits>(w, x, column, start, [&](int64_t row, VecIntegers sums) { kept[row] = sums; });
        } else if (chunk < kChunks - 1) {
          multiplyColumns<Integers::kBits>(w, x, column, [&](int64_t row) { return kept[row]; }, [&](int64_t row, VecIntegers sums) { kept[row] = sums; });
        } else {
          multiplyColumns<Integers::kBits>(w, x, column, [&](int64_t row) { return kept[row]; }, end);
        }
      }
    }
  }
}

/** Rows of inputs, at most, for which rows of int8 are not taken apart. */
constexpr int64_t kRowsWithWhole = 2;

/** The first `count` of a vector's bytes, and zeros. */
inline VecBits bytesAt(const void* p, int64_t count) {
  VecBits bytes{};
  if (count >= kVectorBytes) std::memcpy(&bytes, p, kVectorBytes);
#if defined(__AVX512BW__) && !defined(EMULATED_AVX512)
  else bytes = (VecBits)_mm512_maskz_loadu_epi8((__mmask64{1} << count) - 1, p);
#else
  else std::memcpy(&bytes, p, static_cast<size_t>(count));
#endif
  return bytes;
}

/** The sum of all lanes. */
inline int32_t sumOfLanes(VecIntegers v) {
#if defined(__AVX512F__) && !defined(EMULATED_AVX512)
  return _mm512_reduce_add_epi32((__m512i)v);
#else
  int32_t sum = 0;
  for (int lane = 0; lane < kLanes; lane++) sum += v[lane];
  return sum;
#endif
}

/** The sums of columns [first, last) of a row of inputs with each row of a panel of int8, as they lie there. */
VecIntegers multiplyWholeRows(const Panel& panel, const int8_t* x, int64_t first, int64_t last) {
  VecIntegers result;
  const int64_t ahead = aheadOf(panel);
  for (int row = 0; row < kLanes; row += 4) {
    VecIntegers sums[4] = {};
    const uint8_t* const w = panel.rows + row * panel.rowBytes;
    for (int64_t column = first; column < last; column += kVectorBytes) {
      const VecBits inputs = bytesAt(x + column, kVectorBytes);  // zeros behind the last column
#pragma GCC unroll 4
      for (int i = 0; i < 4; i++) {
        const uint8_t* const at = w + i * panel.rowBytes + column;
        __builtin_prefetch(at + ahead);
        const VecBits weights = bytesAt(at, last - column);
        sums[i] = addDots<kWideBits>(sums[i], wideBytes<false>(weights), inputs);
      }
    }
    for (int i = 0; i < 4; i++) result[row + i] = sumOfLanes(sums[i]);
  }
  return result;
}

/** y = the products of all rows with a panel of int8, which has a scale for each row. */
void multiplyRowsOfInt8(const Panel& panel, int64_t columns, const Inputs& x, Vec* y) {
  VecIntegers kept[kPartRows];
  const Vec scale = load(panel.scales);
  for (int64_t first = 0, span = 0; first < columns; first += kSpan, span++) {
    const int64_t last = std::min(columns, first + kSpan);
    for (int64_t row = 0; row < x.rows; row++) kept[row] = VecIntegers{} - kWideOffset * x.blocks[row * x.count + span].sum;
    if (x.rows <= kRowsWithWhole) {
      for (int64_t row = 0; row < x.rows; row++) kept[row] += multiplyWholeRows(panel, x.values + row * x.stride, first, last);
    }
    for (int64_t column = x.rows <= kRowsWithWhole ? last : first; column < last; column += kChunk) {
      VecBits w[kChunk / 4];
      if (column + kChunk <= last) {
        askAhead(panel, column, kChunk);
        loadBytes<false>(panel.rows + column, panel.rowBytes, w);
      } else {
        uint8_t rest[kLanes * kChunk] = {};
        for (int row = 0; row < kLanes; row++) {
          std::memcpy(rest + row * kChunk, panel.rows + row * panel.rowBytes + column, static_cast<size_t>(last - column));
        }
        loadBytes<false>(rest, kChunk, w);
      }
      multiplyColumns<kWideBits>(w, x, column, [&](int64_t row) { return kept[row]; }, [&](int64_t row, VecIntegers sums) { kept[row] = sums; });
    }
    for (int64_t row = 0; row < x.rows; row++) {
      Vec both = scale * splat(x.blocks[row * x.count + span].scale);
      keepInRegister(both);
      y[row] = addRounded(y[row], both, __builtin_convertvector(kept[row], Vec));
    }
  }
}

/** Bytes of rows that are copied where the last panel of a matrix has less than kLanes. */
size_t paddedBytes(const StoredMatrix& matrix) { return static_cast<size_t>(kLanes * (matrix.rowBytes() + 4)); }

/** Rows [first, first + count) of a matrix, and behind them zeros. */
Panel padded(const StoredMatrix& matrix, int64_t first, int64_t count) {
  const size_t rowBytes = static_cast<size_t>(matrix.rowBytes()), rows = static_cast<size_t>(count);
  float* const scales = static_cast<float*>(scratchBytes(Scratch::storedRows, paddedBytes(matrix)));
  uint8_t* const bytes = reinterpret_cast<uint8_t*>(scales + kLanes);
  std::memset(scales, 0, paddedBytes(matrix));
  if (matrix.scales != nullptr) std::memcpy(scales, matrix.scales + first, rows * 4);
  std::memcpy(bytes, matrix.row(first), rows * rowBytes);
  return {bytes, matrix.rowBytes(), scales};
}

}  // namespace

void needForIntegers(const StoredMatrix& matrix) {
  if (matrix.rows % kLanes != 0) needOnEachThread(Scratch::storedRows, paddedBytes(matrix));
}

void multiplyIntegers(const StoredProduct& product, const ProductPart& part) {
  const StoredMatrix& matrix = product.matrix;
  const QuantizedRows& rows = *product.quantized;
  const int64_t columns = matrix.columns, out = matrix.rows;
  const Inputs x{rows.values + part.row0 * rows.stride, rows.stride, rows.blocks + part.row0 * rows.count, rows.count, part.row1 - part.row0};
  Vec y[kPartRows];
  for (int64_t first = part.out0; first < part.out1; first += kLanes) {
    const int64_t count = std::min<int64_t>(kLanes, part.out1 - first);
    const Panel panel = count < kLanes ? padded(matrix, first, count)
                                       : Panel{static_cast<const uint8_t*>(matrix.row(first)), matrix.rowBytes(),
                                               matrix.scales == nullptr ? nullptr : matrix.scales + first};
    std::fill_n(y, x.rows, Vec{});
    if (matrix.format == Format::int8) {
      multiplyRowsOfInt8(panel, columns, x, y);
    } else {
      withIntegers(matrix.format, [&](auto integers) { multiplyBlocks<decltype(integers)>(panel, columns, x, y); });
    }
    for (int64_t row = 0; row < x.rows; row++) {
      const int64_t at = (part.row0 + row) * out + first;
      const FirstLanes lanes{count};
      const Vec sum = product.residual == nullptr ? y[row] : count == kLanes ? y[row] + load(product.residual + at) : y[row] + lanes.load(product.residual + at);
      if (count == kLanes) store(product.y + at, sum);
      else lanes.store(product.y + at, sum);
    }
  }
}

}  // namespace arrowsmith
