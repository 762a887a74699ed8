#include "block-formats.h"

#include <cstring>

#include "simd.h"
#include "stored-matrix.h"

namespace arrowsmith {
namespace {

/** Values of a block of GGUF's K formats. */
constexpr int kSuperBlock = 256;

float halfAt(const uint8_t* p) {
  uint16_t half;
  std::memcpy(&half, p, 2);
  return floatOfHalf(half);
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

/** The integers of bytes, each in a byte of a word, the first in its lowest; words and bytes are vectors of as many elements. */
template <int bits>
struct Spread;
template <>
struct Spread<8> {
  using Word = uint8_t;
  template <class Words>
  static Words of(Words bytes) {
    return bytes;
  }
};
template <>
struct Spread<4> {
  using Word = uint16_t;
  template <class Words>
  static Words of(Words bytes) {
    return (bytes & Word{0x0f}) | (bytes & Word{0xf0}) << Word{4};
  }
};
template <>
struct Spread<2> {
  using Word = uint32_t;
  template <class Words>
  static Words of(Words bytes) {
    return (bytes & Word{0x03}) | (bytes & Word{0x0c}) << Word{6} | (bytes & Word{0x30}) << Word{12} | (bytes & Word{0xc0}) << Word{18};
  }
};
template <>
struct Spread<1> {
  using Word = uint64_t;
  /** Bit k of the byte is kept in byte k of its copies, and becomes 1 there. */
  template <class Words>
  static Words of(Words bytes) {
    Words copies = bytes | bytes << Word{8};
    copies |= copies << Word{16};
    copies |= copies << Word{32};
    return (((copies & Word{0x8040201008040201}) + Word{0x7f7f7f7f7f7f7f7f}) >> Word{7}) & Word{0x0101010101010101};
  }
};

/** {@link unpack} for neighbours, which all come from one byte. */
template <int bits, int count, int shift = 0>
inline __attribute__((always_inline)) void unpackNeighbours(const uint8_t* from, uint8_t* integers) {
  using Word = typename Spread<bits>::Word;
  constexpr int bytesTogether = 32 / sizeof(Word);
  for (int i = 0; i < count; i += 32, from += bytesTogether) {
    typename Integers<uint8_t, bytesTogether>::Vector bytes;
    std::memcpy(&bytes, from, sizeof bytes);
    using Words = typename Integers<Word, bytesTogether>::Vector;
    put<shift == 0>(static_cast<Words>(Spread<bits>::of(__builtin_convertvector(bytes, Words)) << Word{shift}), integers + i);
  }
}

/** kLanes integers as floats. */
Vec floatsOf(const uint8_t* integers) {
#if defined(__AVX512F__) && !defined(EMULATED_AVX512)
  return (Vec)_mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(integers))));
#elif defined(__AVX2__) && !defined(__AVX512F__)
  return (Vec)_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(integers))));
#else
  Vec values;
  for (int i = 0; i < kLanes; i++) values[i] = integers[i];
  return values;
#endif
}

/** values = scale · (integer − zero), each product rounded once. */
template <int count>
inline __attribute__((always_inline)) void scaleAll(const uint8_t* integers, float scale, int zero, float* values) {
  const Vec scales = splat(scale), zeros = splat(static_cast<float>(zero));
  for (int i = 0; i < count; i += kLanes) store(values + i, (floatsOf(integers + i) - zeros) * scales);
}

/** values = scale · integer + addend, where the product is exact. */
template <int count>
inline __attribute__((always_inline)) void scaleAndAdd(const uint8_t* integers, float scale, float addend, float* values) {
  const Vec scales = splat(scale), addends = splat(addend);
  for (int i = 0; i < count; i += kLanes) store(values + i, floatsOf(integers + i) * scales + addends);
}

template <int bits, int size, bool asymmetric>
inline void decodeGroup(const uint8_t* block, float* values) {
  const uint8_t* const from = block + (asymmetric ? 3 : 2);
  uint8_t integers[size];
  if constexpr (bits == 3) {
    unpackNeighbours<2, size>(from, integers);
    unpackNeighbours<1, size, 2>(from + size / 4, integers);
  } else {
    unpackNeighbours<bits, size>(from, integers);
  }
  scaleAll<size>(integers, halfAt(block), asymmetric ? block[2] : 1 << (bits - 1), values);
}

inline void decodeQ8With0(const uint8_t* block, float* values) {
  const Vec scale = splat(halfAt(block));
  const int8_t* const integers = reinterpret_cast<const int8_t*>(block + 2);
  for (int i = 0; i < 32; i += kLanes) store(values + i, Int8Elements::load(integers + i) * scale);
}

inline void decodeQ4With0(const uint8_t* block, float* values) {
  uint8_t integers[32];
  unpack<4, 16, 32>(block + 2, integers);
  scaleAll<32>(integers, halfAt(block), 8, values);
}

inline void decodeQ5With0(const uint8_t* block, float* values) {
  uint8_t integers[32];
  unpack<4, 16, 32>(block + 6, integers);
  unpackNeighbours<1, 32, 4>(block + 2, integers);
  scaleAll<32>(integers, halfAt(block), 16, values);
}

inline void decodeQ4With1(const uint8_t* block, float* values) {
  uint8_t integers[32];
  unpack<4, 16, 32>(block + 4, integers);
  scaleAndAdd<32>(integers, halfAt(block), halfAt(block + 2), values);
}

inline void decodeQ5With1(const uint8_t* block, float* values) {
  uint8_t integers[32];
  unpack<4, 16, 32>(block + 8, integers);
  unpackNeighbours<1, 32, 4>(block + 4, integers);
  scaleAndAdd<32>(integers, halfAt(block), halfAt(block + 2), values);
}

inline void decodeIq4Nl(const uint8_t* block, float* values) {
  constexpr float levels[] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
  const float scale = halfAt(block);
  for (int l = 0; l < 16; l++) {
    values[l] = scale * levels[block[2 + l] & 15];
    values[l + 16] = scale * levels[block[2 + l] >> 4];
  }
}

/** Groups of 16 with a signed scale each: value = d · scale · (integer − zero). */
template <class ScaleOf>
inline __attribute__((always_inline)) void scaleGroups(const uint8_t* integers, float d, int zero, ScaleOf scaleOf, float* values) {
  for (int group = 0; group < kSuperBlock / 16; group++) {
    scaleAll<16>(integers + 16 * group, d * static_cast<float>(scaleOf(group)), zero, values + 16 * group);
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
    scaleAndAdd<size>(integers + size * group, d * scales[group], -(dMinimum * minima[group]), values + size * group);
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

/** The format whose blocks of so many values and bytes a function decodes, one by one. */
template <int size, int bytes, void (*decodeOne)(const uint8_t*, float*)>
constexpr BlockFormat formatOf() {
  return {size, bytes, [](const uint8_t* blocks, int64_t count, float* values) {
            for (int64_t i = 0; i < count; i++) decodeOne(blocks + i * bytes, values + i * size);
          }};
}

template <int bits, int size, bool asymmetric>
constexpr BlockFormat groupFormat() {
  return formatOf<size, (asymmetric ? 3 : 2) + bits * size / 8, decodeGroup<bits, size, asymmetric>>();
}

constexpr int kFirst = static_cast<int>(Format::f16) + 1;
constexpr BlockFormat kBlockFormats[] = {
    groupFormat<8, 32, false>(),
    groupFormat<8, 32, true>(),
    groupFormat<8, 128, false>(),
    groupFormat<8, 128, true>(),
    groupFormat<4, 32, false>(),
    groupFormat<4, 32, true>(),
    groupFormat<4, 128, false>(),
    groupFormat<4, 128, true>(),
    groupFormat<3, 32, false>(),
    groupFormat<3, 32, true>(),
    groupFormat<3, 128, false>(),
    groupFormat<3, 128, true>(),
    groupFormat<2, 32, false>(),
    groupFormat<2, 32, true>(),
    groupFormat<2, 128, false>(),
    groupFormat<2, 128, true>(),
    formatOf<32, 34, decodeQ8With0>(),
    formatOf<32, 24, decodeQ5With1>(),
    formatOf<32, 22, decodeQ5With0>(),
    formatOf<32, 20, decodeQ4With1>(),
    formatOf<32, 18, decodeQ4With0>(),
    formatOf<32, 18, decodeIq4Nl>(),
    formatOf<kSuperBlock, 210, decodeQ6K>(),
    formatOf<kSuperBlock, 176, decodeQ5K>(),
    formatOf<kSuperBlock, 144, decodeQ4K>(),
    formatOf<kSuperBlock, 110, decodeQ3K>(),
    formatOf<kSuperBlock, 84, decodeQ2K>(),
};
static_assert(sizeof kBlockFormats / sizeof *kBlockFormats == kFormats - kFirst, "one for each format behind f16");

}  // namespace

const BlockFormat* blockFormat(Format format) {
  const int place = static_cast<int>(format) - kFirst;
  return place < 0 ? nullptr : kBlockFormats + place;
}

}  // namespace arrowsmith
