#include "block-formats.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "dot-tile.h"
#include "simd.h"
#include "stored-matrix.h"

namespace arrowsmith {
namespace {

/** Values of a block of GGUF's K formats. */
constexpr int kSuperBlock = 256;

inline float halfAt(const uint8_t* p) {
  uint16_t half;
  std::memcpy(&half, p, 2);
#if defined(__F16C__)
  return _cvtsh_ss(half);
#else
  return floatOfHalf(half);
#endif
}

/** Vectors of integers, as the compilers extend C++ by them. */
template <class Integer, int count>
struct Integers {
  typedef Integer Vector __attribute__((vector_size(sizeof(Integer) * count)));
};

/** Puts a vector's bytes to integers, or where there are bits of them already, adds them. */
template <bool isFirst, class Vector>
inline __attribute__((always_inline)) void put(Vector vector, uint8_t* integers) {
  if (!isFirst) {
    Vector before;
    std::memcpy(&before, integers, sizeof before);
    vector |= before;
  }
  std::memcpy(integers, &vector, sizeof vector);
}

/**
 * Bits of `count` integers, shifted: byte l of the first `span` bytes has those of the integers l, l + span, l + 2 · span …, the first in its lowest
 * bits; the next `span` bytes go on with the integers after those. What has a shift comes second.
 */
template <int bits, int span, int count, int shift = 0>
inline __attribute__((always_inline)) void unpack(const uint8_t* from, uint8_t* integers) {
  constexpr int perByte = 8 / bits, size = span < 16 ? span : 16;
  constexpr uint8_t mask = (1 << bits) - 1;
  using Bytes = typename Integers<uint8_t, size>::Vector;
  for (int first = 0; first < count; first += perByte * span, from += span) {
    for (int l = 0; l < span; l += size) {
      Bytes bytes;
      std::memcpy(&bytes, from + l, size);
      for (int position = 0; position < perByte; position++) {
        put<shift == 0>(static_cast<Bytes>(((bytes >> static_cast<uint8_t>(bits * position)) & mask) << static_cast<uint8_t>(shift)),
                        integers + first + position * span + l);
      }
    }
  }
}

/** kLanes bytes as integers. */
inline VecBits integersOf(const uint8_t* bytes) {
#if defined(__AVX512F__) && !defined(EMULATED_AVX512)
  return (VecBits)_mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes)));
#elif defined(__AVX2__) && !defined(__AVX512F__)
  return (VecBits)_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(bytes)));
#else
  VecBits integers;
  for (int i = 0; i < kLanes; i++) integers[i] = bytes[i];
  return integers;
#endif
}

/** Integers of some bits that follow one another, the first in a byte's lowest bits: kLanes of them from the i-th on, i being a multiple of kLanes. */
template <int bits>
inline __attribute__((always_inline)) VecBits neighbours(const uint8_t* from, int i) {
  constexpr int width = bits * kLanes;
  uint64_t word = 0;
  std::memcpy(&word, from + bits * i / 8, (width + 7) / 8);
  if constexpr (width < 8) word >>= bits * i % 8;
  if constexpr (kLanes == 4) {
    // Moved to the top of 16 bits, by a product, as not every instruction set moves lanes by different distances.
    typedef uint16_t Halves __attribute__((vector_size(16)));
    constexpr auto power = [](int lane) { return static_cast<uint16_t>(1 << (16 - bits - bits * lane)); };
    const Halves powers = {power(0), 0, power(1), 0, power(2), 0, power(3), 0};
    return reinterpret_cast<VecBits>(((Halves{} + static_cast<uint16_t>(word)) * powers) >> (16 - bits));
  } else {
    VecBits words = VecBits{} + static_cast<uint32_t>(word), shifts;
    for (int lane = 0; lane < kLanes; lane++) shifts[lane] = static_cast<uint32_t>(bits * lane % 32);
    if constexpr (width > 32) {
      VecBits isSecond;
      for (int lane = 0; lane < kLanes; lane++) isSecond[lane] = bits * lane < 32 ? 0 : ~0u;
      words = (words & ~isSecond) | ((VecBits{} + static_cast<uint32_t>(word >> 32)) & isSecond);
    }
    return (words >> shifts) & ((1 << bits) - 1);
  }
}

/** Integers of 4 bits in 16 bytes, first those of their lower halves: kLanes of them from the i-th on. */
inline __attribute__((always_inline)) VecBits halvesOfBytes(const uint8_t* from, int i) {
  const VecBits bytes = integersOf(from + i % 16);
  return i < 16 ? bytes & 15 : bytes >> 4;
}

inline Vec floatsOf(VecBits integers) {
  typedef int32_t Signed __attribute__((vector_size(kVectorBytes)));
  return __builtin_convertvector(reinterpret_cast<Signed>(integers), Vec);
}

/** Values of integers, of a function of floats. */
template <class Function>
class Computed {
 public:
  explicit Computed(Function function) : function_(function) {}
  Vec operator()(VecBits integers) const { return function_(floatsOf(integers)); }

 private:
  Function function_;
};

#if defined(__AVX512F__)
/** {0, 1, 2 …}, which the first integers stand for. */
inline Vec firstIntegers() {
  Vec values;
  for (int i = 0; i < kLanes; i++) values[i] = static_cast<float>(i);
  return values;
}

/** The same of integers below 16: a vector holds the values of all of them. */
template <class Function>
class LookedUp {
 public:
  explicit LookedUp(Function function) : table_(function(firstIntegers())) {}
  Vec operator()(VecBits integers) const { return (Vec)_mm512_permutexvar_ps((__m512i)integers, (__m512)table_); }

 private:
  Vec table_;
};

template <int bits, class Function>
using ValuesOf = std::conditional_t<(bits <= 4), LookedUp<Function>, Computed<Function>>;
#else
template <int bits, class Function>
using ValuesOf = Computed<Function>;
#endif

/** scale · (integer − zero), each product rounded once. */
struct Scaled {
  Vec scales, zeros;
  Scaled(float scale, int zero) : scales(splat(scale)), zeros(splat(static_cast<float>(zero))) {}
  Vec operator()(Vec integers) const { return (integers - zeros) * scales; }
};

/** scale · integer + addend, where the product is exact. */
struct ScaledAndAdded {
  Vec scales, addends;
  ScaledAndAdded(float scale, float addend) : scales(splat(scale)), addends(splat(addend)) {}
  Vec operator()(Vec integers) const { return integers * scales + addends; }
};

// Blocks that are decoded in registers: `values(i)` are kLanes of a block's values from the i-th on, i being a multiple of kLanes.

template <int bits, int size, bool asymmetric>
class GroupBlock {
 public:
  static constexpr int kSize = size, kBytes = (asymmetric ? 3 : 2) + bits * size / 8;

  explicit GroupBlock(const uint8_t* block)
      : from_(block + (asymmetric ? 3 : 2)), valuesOf_(Scaled(halfAt(block), asymmetric ? block[2] : 1 << (bits - 1))) {}

  Vec values(int i) const {
    if constexpr (bits == 8) return valuesOf_(integersOf(from_ + i));
    else if constexpr (bits == 3) return valuesOf_(neighbours<2>(from_, i) | neighbours<1>(from_ + size / 4, i) << 2);
    else return valuesOf_(neighbours<bits>(from_, i));
  }

 private:
  const uint8_t* from_;
  ValuesOf<bits, Scaled> valuesOf_;
};

/** Q8_0. */
class ByteBlock {
 public:
  static constexpr int kSize = 32, kBytes = 34;
  explicit ByteBlock(const uint8_t* block) : integers_(reinterpret_cast<const int8_t*>(block + 2)), scale_(splat(halfAt(block))) {}
  Vec values(int i) const { return Int8Elements::load(integers_ + i) * scale_; }

 private:
  const int8_t* integers_;
  Vec scale_;
};

/** Q4_0, Q5_0, and with a minimum Q4_1, Q5_1. */
template <int bits, bool hasMinimum>
class NibbleBlock {
  static constexpr int kHeader = hasMinimum ? 4 : 2, kFifths = bits == 5 ? 4 : 0;
  using Function = std::conditional_t<hasMinimum, ScaledAndAdded, Scaled>;

 public:
  static constexpr int kSize = 32, kBytes = kHeader + kFifths + 16;
  explicit NibbleBlock(const uint8_t* block) : block_(block), valuesOf_(functionOf(block)) {}

  Vec values(int i) const {
    VecBits integers = halvesOfBytes(block_ + kHeader + kFifths, i);
    if constexpr (bits == 5) integers |= neighbours<1>(block_ + kHeader, i) << 4;
    return valuesOf_(integers);
  }

 private:
  static Function functionOf(const uint8_t* block) {
    if constexpr (hasMinimum) return {halfAt(block), halfAt(block + 2)};
    else return {halfAt(block), 1 << (bits - 1)};
  }

  const uint8_t* block_;
  ValuesOf<bits, Function> valuesOf_;
};

/** IQ4_NL. */
class LevelBlock {
 public:
  static constexpr int kSize = 32, kBytes = 18;

  explicit LevelBlock(const uint8_t* block) : scale_(splat(halfAt(block))) {
    typedef uint8_t Bytes __attribute__((vector_size(16)));
    Bytes bytes;
    std::memcpy(&bytes, block + 2, 16);
    const Bytes lower = levelsOf(bytes & 15), upper = levelsOf(bytes >> 4);
    std::memcpy(levels_, &lower, 16);
    std::memcpy(levels_ + 16, &upper, 16);
  }

  Vec values(int i) const { return scale_ * Int8Elements::load(levels_ + i); }

 private:
  template <class Bytes>
  static Bytes levelsOf(Bytes integers) {
    constexpr int8_t levels[] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
#if defined(__AVX2__)
    return (Bytes)_mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(levels)), (__m128i)integers);
#elif defined(__aarch64__)
    return (Bytes)vqtbl1q_s8(vld1q_s8(levels), (uint8x16_t)integers);
#else
    Bytes result;
    for (int i = 0; i < 16; i++) result[i] = static_cast<uint8_t>(levels[integers[i]]);
    return result;
#endif
  }

  int8_t levels_[32];
  Vec scale_;
};

// Blocks of K formats: their integers are put together as bytes first.

template <int count, class ValuesOf>
inline __attribute__((always_inline)) void storeValues(const uint8_t* integers, const ValuesOf& valuesOf, float* values) {
  for (int i = 0; i < count; i += kLanes) store(values + i, valuesOf(floatsOf(integersOf(integers + i))));
}

/** Groups of 16 with a signed scale each: value = d · scale · (integer − zero). */
template <class ScaleOf>
inline __attribute__((always_inline)) void scaleGroups(const uint8_t* integers, float d, int zero, ScaleOf scaleOf, float* values) {
  for (int group = 0; group < kSuperBlock / 16; group++) {
    storeValues<16>(integers + 16 * group, Scaled(d * static_cast<float>(scaleOf(group)), zero), values + 16 * group);
  }
}

inline void decodeQ6K(const uint8_t* block, float* values) {
  uint8_t integers[kSuperBlock];
  unpack<4, 64, kSuperBlock>(block, integers);
  unpack<2, 32, kSuperBlock, 4>(block + 128, integers);
  const int8_t* const scales = reinterpret_cast<const int8_t*>(block + 192);
  scaleGroups(integers, halfAt(block + 208), 32, [&](int group) { return scales[group]; }, values);
}

inline void decodeQ3K(const uint8_t* block, float* values) {
  uint8_t integers[kSuperBlock], scales[16];
  unpack<2, 32, kSuperBlock>(block + 32, integers);
  unpack<1, 32, kSuperBlock, 2>(block, integers);
  unpack<4, 8, 16>(block + 96, scales);
  unpack<2, 4, 16, 4>(block + 104, scales);
  scaleGroups(integers, halfAt(block + 108), 4, [&](int group) { return scales[group] - 32; }, values);
}

/** Groups with a scale and a minimum each: value = d · scale · integer − dMinimum · minimum. The products are exact. */
template <int groups>
inline __attribute__((always_inline)) void scaleAboveMinima(const uint8_t* integers, const uint8_t* scales, const uint8_t* minima, const uint8_t* halves,
                                                            float* values) {
  constexpr int size = kSuperBlock / groups;
  const float d = halfAt(halves), dMinimum = halfAt(halves + 2);
  for (int group = 0; group < groups; group++) {
    storeValues<size>(integers + size * group, ScaledAndAdded(d * scales[group], -(dMinimum * minima[group])), values + size * group);
  }
}

/** Scales and minima of 8 groups in 12 bytes: of the last four groups, two bits of each are in the bytes of the first four. */
void unpackScales(const uint8_t* from, uint8_t* scales, uint8_t* minima) {
  for (int j = 0; j < 4; j++) {
    scales[j] = from[j] & 63;
    minima[j] = from[j + 4] & 63;
    scales[j + 4] = static_cast<uint8_t>((from[j + 8] & 15) | (from[j] >> 6) << 4);
    minima[j + 4] = static_cast<uint8_t>(from[j + 8] >> 4 | (from[j + 4] >> 6) << 4);
  }
}

inline void decodeQ4K(const uint8_t* block, float* values) {
  uint8_t integers[kSuperBlock], scales[8], minima[8];
  unpackScales(block + 4, scales, minima);
  unpack<4, 32, kSuperBlock>(block + 16, integers);
  scaleAboveMinima<8>(integers, scales, minima, block, values);
}

inline void decodeQ5K(const uint8_t* block, float* values) {
  uint8_t integers[kSuperBlock], scales[8], minima[8];
  unpackScales(block + 4, scales, minima);
  unpack<4, 32, kSuperBlock>(block + 48, integers);
  unpack<1, 32, kSuperBlock, 4>(block + 16, integers);
  scaleAboveMinima<8>(integers, scales, minima, block, values);
}

inline void decodeQ2K(const uint8_t* block, float* values) {
  uint8_t integers[kSuperBlock], scales[16], minima[16];
  for (int group = 0; group < 16; group++) {
    scales[group] = block[group] & 15;
    minima[group] = block[group] >> 4;
  }
  unpack<2, 32, kSuperBlock>(block + 16, integers);
  scaleAboveMinima<16>(integers, scales, minima, block + 80, values);
}

/** Dot products of a row of inputs with C rows of blocks, as vectors of lanes that are still to be added up. */
template <class Block, int C>
inline __attribute__((always_inline)) void dotBlocks(const uint8_t* rows, int64_t rowBytes, int64_t blocks, const float* x, Vec (&sums)[C]) {
  constexpr int kTogether = 32;  // values of a row, before the next row's turn, so that sums of the rows do not wait for each other
  const int64_t tile = C * rowBytes, distance = tile * std::max<int64_t>(1, kAheadBytes / tile);
  Vec all[C] = {};
  for (int64_t b = 0; b < blocks; b++, x += Block::kSize) {
    for (int first = 0; first < Block::kSize; first += kTogether) {
#pragma GCC unroll 4
      for (int c = 0; c < C; c++) {
        const uint8_t* const from = rows + c * rowBytes + b * Block::kBytes;
        __builtin_prefetch(from + distance + first * Block::kBytes / Block::kSize);
        const Block block(from);
#pragma GCC unroll 8
        for (int i = 0; i < kTogether; i += kLanes) all[c] = multiplyAdd(load(x + first + i), block.values(first + i), all[c]);
      }
    }
  }
#pragma GCC unroll 4
  for (int c = 0; c < C; c++) sums[c] = all[c];
}

template <class Block>
void dotAll(const uint8_t* rows, int64_t count, int64_t blocks, const float* x, float* y) {
  const int64_t rowBytes = blocks * Block::kBytes;
  int64_t row = 0;
  for (; row + 4 <= count; row += 4) {
    Vec sums[4];
    dotBlocks<Block, 4>(rows + row * rowBytes, rowBytes, blocks, x, sums);
    const Four values = sumsOfFour(sums[0], sums[1], sums[2], sums[3]);
    std::memcpy(y + row, &values, sizeof values);
  }
  for (; row < count; row++) {
    Vec sums[1];
    dotBlocks<Block, 1>(rows + row * rowBytes, rowBytes, blocks, x, sums);
    y[row] = sum(sums[0]);
  }
}

/** The format of blocks that are decoded in registers. */
template <class Block>
constexpr BlockFormat formatOf() {
  return {Block::kSize, Block::kBytes,
          [](const uint8_t* blocks, int64_t count, float* values) {
            for (int64_t b = 0; b < count; b++, values += Block::kSize) {
              const Block block(blocks + b * Block::kBytes);
#pragma GCC unroll 8
              for (int i = 0; i < Block::kSize; i += kLanes) store(values + i, block.values(i));
            }
          },
          dotAll<Block>};
}

/** The K format whose blocks of so many bytes a function decodes, one by one. */
template <int bytes, void (*decodeOne)(const uint8_t*, float*)>
constexpr BlockFormat superBlockFormat() {
  return {kSuperBlock, bytes,
          [](const uint8_t* blocks, int64_t count, float* values) {
            for (int64_t i = 0; i < count; i++) decodeOne(blocks + i * bytes, values + i * kSuperBlock);
          },
          nullptr};
}

constexpr int kFirst = static_cast<int>(Format::f16) + 1;
constexpr BlockFormat kBlockFormats[] = {
    formatOf<GroupBlock<8, 32, false>>(),
    formatOf<GroupBlock<8, 32, true>>(),
    formatOf<GroupBlock<8, 128, false>>(),
    formatOf<GroupBlock<8, 128, true>>(),
    formatOf<GroupBlock<4, 32, false>>(),
    formatOf<GroupBlock<4, 32, true>>(),
    formatOf<GroupBlock<4, 128, false>>(),
    formatOf<GroupBlock<4, 128, true>>(),
    formatOf<GroupBlock<3, 32, false>>(),
    formatOf<GroupBlock<3, 32, true>>(),
    formatOf<GroupBlock<3, 128, false>>(),
    formatOf<GroupBlock<3, 128, true>>(),
    formatOf<GroupBlock<2, 32, false>>(),
    formatOf<GroupBlock<2, 32, true>>(),
    formatOf<GroupBlock<2, 128, false>>(),
    formatOf<GroupBlock<2, 128, true>>(),
    formatOf<ByteBlock>(),
    formatOf<NibbleBlock<5, true>>(),
    formatOf<NibbleBlock<5, false>>(),
    formatOf<NibbleBlock<4, true>>(),
    formatOf<NibbleBlock<4, false>>(),
    formatOf<LevelBlock>(),
    superBlockFormat<210, decodeQ6K>(),
    superBlockFormat<176, decodeQ5K>(),
    superBlockFormat<144, decodeQ4K>(),
    superBlockFormat<110, decodeQ3K>(),
    superBlockFormat<84, decodeQ2K>(),
};
static_assert(sizeof kBlockFormats / sizeof *kBlockFormats == kFormats - kFirst, "one for each format behind f16");

}  // namespace

const BlockFormat* blockFormat(Format format) {
  const int place = static_cast<int>(format) - kFirst;
  return place < 0 ? nullptr : kBlockFormats + place;
}

}  // namespace arrowsmith
