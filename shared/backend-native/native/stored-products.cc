#include "stored-products.h"

#include <algorithm>
#include <vector>

#include "dry-run.h"
#include "integer-products.h"
#include "scratch.h"

namespace arrowsmith {
namespace {

/** Elements of a matrix in a part for few rows, which is read once: enough to read on and on, few enough for all threads to end at about one time. */
constexpr int64_t kStreamedElements = 24 * 1024;
/** Parts of equal size are a multiple of so many, so that two or four threads have as many each. */
constexpr int64_t kPartsTogether = 4;
/** Bytes of float32 in a part for many rows, which read them again and again: they stay in the second-level cache. */
constexpr int64_t kKeptBytes = 192 * 1024;
/** Rows that are multiplied with the elements as they are stored; for more, these are made floats first. */
constexpr int64_t kFewRows = kDotRows;

bool isFew(int64_t rows) { return rows <= kFewRows; }

/** Outputs [first, first + C) of the rows that a tile has. */
template <int R, int C>
inline __attribute__((always_inline)) void storeTile(const StoredProduct& product, int64_t row, int64_t first, const Vec (&sums)[R][C]) {
  const int64_t out = product.matrix.rows;
  const float* const scales = product.matrix.scales;
#pragma GCC unroll 8
  for (int r = 0; r < R; r++) {
    const int64_t at = (row + r) * out + first;
    if constexpr (C == 1) {
      float value = sum(sums[r][0]);
      if (scales != nullptr) value *= scales[first];
      keepInRegister(value);  // rounded before it is added to anything, here and below
      product.y[at] = product.residual == nullptr ? value : value + product.residual[at];
    } else {
#pragma GCC unroll 2
      for (int c = 0; c < C; c += 4) {
        Four values = sumsOfFour(sums[r][c], sums[r][c + 1], sums[r][c + 2], sums[r][c + 3]);
        typedef float UnalignedFour __attribute__((vector_size(16), aligned(4), may_alias));
        if (scales != nullptr) values *= *reinterpret_cast<const UnalignedFour*>(scales + first + c);
        keepInRegister(values);
        if (product.residual != nullptr) values += *reinterpret_cast<const UnalignedFour*>(product.residual + at + c);
        *reinterpret_cast<UnalignedFour*>(product.y + at + c) = values;
      }
    }
  }
}

/** One tile: R rows from `row` on with C outputs from `first` on, whose elements are at w, `stride` apart. */
template <class Elements, int R, int C, Ahead ahead>
void multiplyTile(const StoredProduct& product, int64_t row, int64_t first, const typename Elements::Element* w) {
  const int64_t in = product.matrix.columns;
  const float* xs[R];
  const typename Elements::Element* ws[C];
  for (int r = 0; r < R; r++) xs[r] = product.x + (row + r) * in;
  for (int c = 0; c < C; c++) ws[c] = w + c * in;
  Vec sums[R][C];
  dotTile<Elements, R, C, ahead>(xs, ws, in, sums);
  storeTile(product, row, first, sums);
}

/** R rows from `row` on with outputs [out0, out1), the first one's elements being at w. */
template <class Elements, int R, Ahead ahead>
void multiplyRows(const StoredProduct& product, int64_t row, int64_t out0, int64_t out1, const typename Elements::Element* w) {
  const int64_t in = product.matrix.columns;
  int64_t out = out0;
  const auto at = [&] { return w + (out - out0) * in; };
  if constexpr (R * kDotColumnsOfFew <= kDotRows * kDotColumns && ahead == Ahead::nextRows) {
    constexpr int kColumns = kDotColumnsOfFew;
    for (; out + kColumns <= out1; out += kColumns) multiplyTile<Elements, R, kColumns, ahead>(product, row, out, at());
  }
  for (; out + kDotColumns <= out1; out += kDotColumns) multiplyTile<Elements, R, kDotColumns, ahead>(product, row, out, at());
  for (; out < out1; out++) multiplyTile<Elements, R, 1, ahead>(product, row, out, at());
}

/** Rows [from, from + count) of a matrix as floats; those of int8 without their scales. */
void decodeRows(const StoredMatrix& matrix, int64_t from, int64_t count, float* floats) {
  if (const BlockFormat* blocks = blockFormat(matrix.format)) {
    blocks->decode(static_cast<const uint8_t*>(matrix.row(from)), count * matrix.columns / blocks->size, floats);
    return;
  }
  withElements(matrix.format, [&](auto elements) {
    using Elements = decltype(elements);
    const auto* const values = static_cast<const typename Elements::Element*>(matrix.row(from));
    const int64_t size = count * matrix.columns;
    int64_t i = 0;
    for (; i + kLanes <= size; i += kLanes) store(floats + i, Elements::load(values + i));
    if (i < size) storePartial(floats + i, Elements::loadPartial(values + i, size - i), size - i);
  });
}

bool decodesInRegisters(Format format) {
  const BlockFormat* const blocks = blockFormat(format);
  return blocks != nullptr && blocks->multiplyOne != nullptr;
}

/** Of one row with blocks, which are decoded while they are multiplied. */
void multiplyOneRow(const StoredProduct& product, const ProductPart& part) {
  constexpr int64_t kTogether = 64;
  const StoredMatrix& matrix = product.matrix;
  const BlockFormat& blocks = *blockFormat(matrix.format);
  const float* const x = product.x + part.row0 * matrix.columns;
  for (int64_t out = part.out0; out < part.out1; out += kTogether) {
    const int64_t count = std::min(kTogether, part.out1 - out), at = part.row0 * matrix.rows + out;
    float values[kTogether];
    blocks.multiplyOne(static_cast<const uint8_t*>(matrix.row(out)), count, matrix.columns / blocks.size, x, values);
    for (int64_t i = 0; i < count; i++) product.y[at + i] = product.residual == nullptr ? values[i] : values[i] + product.residual[at + i];
  }
}

/** Bytes of the floats that {@link multiplyPart} makes. */
size_t decodedBytes(int64_t outs, int64_t in) { return sizeof(float) * static_cast<size_t>(outs * in); }

}  // namespace

ProductCut::ProductCut(int64_t n, const StoredMatrix& matrix, int64_t matrices) {
  const int64_t elements = isFew(n) ? kStreamedElements : kKeptBytes / 4;
  const int64_t most = std::max<int64_t>(kDotColumnsOfFew, elements / matrix.columns / matrices);
  int64_t parts = pieces(std::max<int64_t>(1, matrix.rows), most);
  if (isFew(n) && parts > 1) parts = pieces(parts, kPartsTogether) * kPartsTogether;
  const int64_t unit = std::max<int64_t>(kDotColumnsOfFew, kLanes);  // outputs that are computed, or activated, together
  outs = pieces(pieces(matrix.rows, parts), unit) * unit;
  outs = std::min(outs, std::max<int64_t>(1, matrix.rows));
  rows = std::min(std::max<int64_t>(1, n), isFew(n) ? kFewRows : kPartRows);
  rowParts = pieces(n, rows);
  outParts = pieces(matrix.rows, outs);
}

ProductPart ProductCut::part(int64_t index, int64_t n, int64_t out) const {
  const int64_t row = index % rowParts * rows, first = index / rowParts * outs;
  return {row, std::min(n, row + rows), first, std::min(out, first + outs)};
}

void multiplyPart(const StoredProduct& product, const ProductPart& part) {
  if (product.quantized != nullptr) return multiplyIntegers(product, part);
  const auto [row0, row1, out0, out1] = part;
  const StoredMatrix& matrix = product.matrix;
  if (row1 - row0 == 1 && decodesInRegisters(matrix.format)) return multiplyOneRow(product, part);
  if (isFew(row1 - row0) && blockFormat(matrix.format) != nullptr) {
    float* const decoded = static_cast<float*>(scratchBytes(Scratch::storedRows, decodedBytes(kDotColumnsOfFew, matrix.columns)));
    for (int64_t out = out0; out < out1; out += kDotColumnsOfFew) {
      const int64_t next = std::min(out1, out + kDotColumnsOfFew);
      decodeRows(matrix, out, next - out, decoded);
      withRowCount(row1 - row0, [&, row0 = row0](auto count) {
        multiplyRows<F32Elements, decltype(count)::value, Ahead::nothing>(product, row0, out, next, decoded);
      });
    }
    return;
  }
  if (isFew(row1 - row0)) {
    withElements(matrix.format, [&, row0 = row0, row1 = row1, out0 = out0, out1 = out1](auto elements) {
      using Elements = decltype(elements);
      const auto* const values = static_cast<const typename Elements::Element*>(matrix.row(out0));
      withRowCount(row1 - row0, [&](auto count) {
        multiplyRows<Elements, decltype(count)::value, Ahead::nextRows>(product, row0, out0, out1, values);
      });
    });
    return;
  }
  const float* floats = static_cast<const float*>(matrix.row(out0));
  if (matrix.format != Format::f32) {
    float* const decoded = static_cast<float*>(scratchBytes(Scratch::storedRows, decodedBytes(out1 - out0, matrix.columns)));
    decodeRows(matrix, out0, out1 - out0, decoded);
    floats = decoded;
  }
  // Tiles of about as many rows each: the fewer a tile has, the longer its sums wait for each other.
  const int64_t tiles = pieces(row1 - row0, kDotRows);
  for (int64_t tile = 0; tile < tiles; tile++) {
    const int64_t row = row0 + (row1 - row0) * tile / tiles, next = row0 + (row1 - row0) * (tile + 1) / tiles;
    withRowCount(next - row, [&, out0 = out0, out1 = out1](auto count) {
      constexpr int R = decltype(count)::value;
      if (tile == 0 && matrix.format == Format::f32) {
        multiplyRows<F32Elements, R, Ahead::nextRows>(product, row, out0, out1, floats);  // which come from memory, and are in the cache then
      } else {
        multiplyRows<F32Elements, R, Ahead::nothing>(product, row, out0, out1, floats);
      }
    });
  }
}

void needForProduct(const StoredProduct& product) {
  const StoredMatrix& matrix = product.matrix;
  const int64_t n = product.n;
  if (product.quantized != nullptr) return needForIntegers(matrix);
  if (matrix.format == Format::f32 || (isFew(n) && blockFormat(matrix.format) == nullptr)) return;
  if (n == 1 && decodesInRegisters(matrix.format)) return;
  const int64_t outs = isFew(n) ? kDotColumnsOfFew : std::max<int64_t>(kDotColumnsOfFew, ProductCut(n, matrix).outs);
  needOnEachThread(Scratch::storedRows, decodedBytes(outs, matrix.columns));
}

void decodeMatrix(const StoredMatrix& matrix, float* floats) {
  const int64_t columns = matrix.columns;
  parallelRanges(matrix.rows, std::max<int64_t>(1, kStreamedElements / columns), [&](int64_t begin, int64_t end) {
    decodeRows(matrix, begin, end - begin, floats + begin * columns);
    if (matrix.scales == nullptr) return;
    for (int64_t row = begin; row < end; row++) {
      float* const values = floats + row * columns;
      forEachVector(0, columns, [&](int64_t j, auto lanes) { lanes.store(values + j, lanes.load(values + j) * splat(matrix.scales[row])); });
    }
  });
}

void multiplyStored(StoredProduct* products, int64_t count) {
  const QuantizedInputs inputs(products, count);
  std::vector<ProductCut> cuts;
  std::vector<int64_t> ends;
  int64_t parts = 0, work = 0;
  for (int64_t i = 0; i < count; i++) {
    cuts.emplace_back(products[i].n, products[i].matrix);
    parts += cuts.back().parts();
    ends.push_back(parts);
    work += workOf(products[i]);
    needForProduct(products[i]);
  }
  shareWork(work, parts, [&](int64_t index) {
    const size_t which = static_cast<size_t>(std::upper_bound(ends.begin(), ends.end(), index) - ends.begin());
    const StoredProduct& product = products[which];
    const ProductCut& cut = cuts[which];
    multiplyPart(product, cut.part(index - (ends[which] - cut.parts()), product.n, product.matrix.rows));
  });
}

}  // namespace arrowsmith
