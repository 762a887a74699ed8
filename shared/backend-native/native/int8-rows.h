/**
 * @file A table of rows of int8, each of some heads, which have a float32 scale each: value = scale · int8, with scale = max|x| / 127. The keys, or the
 * values, of a token in a layer are such a row.
 */
#pragma once
#include <cstdint>

namespace arrowsmith {

struct Int8Rows {
  int64_t headDim;
  /** [slots, rowBytes], of which a row's heads, one after the other, are the first. */
  int8_t* values;
  int64_t rowBytes;
  /** [slots, rowScales], of which every headScales-th is one of a head. */
  float* scales;
  int64_t rowScales, headScales;

  /** Of rows of so many 32-bit words, and so many scales. */
  Int8Rows(int64_t heads, int64_t sizeOfHead, int64_t words, int64_t scalesOfRow, int32_t* table, float* tableOfScales)
      : headDim(sizeOfHead),
        values(reinterpret_cast<int8_t*>(table)),
        rowBytes(4 * words),
        scales(tableOfScales),
        rowScales(scalesOfRow),
        headScales(scalesOfRow / heads) {}

  int8_t* head(int64_t slot, int64_t head) const { return values + slot * rowBytes + head * headDim; }
  float& scale(int64_t slot, int64_t head) const { return scales[slot * rowScales + head * headScales]; }
};

}  // namespace arrowsmith
