/**
 * @file Stands in for the compiler's header: the product of AVX-VNNI by AVX2, of the same name, so that what is written for it can be tested on
 * processors without.
 */
#pragma once
#include_next <immintrin.h>

#if !defined(__AVXVNNI__)
#define __AVXVNNI__ 1

#include <cstdint>

namespace emulated {

/** Every lane adds four products of a byte without a sign and one with. */
inline __m256i addProducts(__m256i sum, __m256i bytes, __m256i int8) {
  typedef int32_t Words __attribute__((vector_size(32), may_alias));
  typedef uint8_t Bytes __attribute__((vector_size(32), may_alias));
  typedef int8_t Int8 __attribute__((vector_size(32), may_alias));
  const Bytes a = (Bytes)bytes;
  const Int8 b = (Int8)int8;
  Words result = (Words)sum;
  for (int i = 0; i < 32; i++) result[i / 4] += a[i] * b[i];
  return (__m256i)result;
}

}  // namespace emulated

#define _mm256_dpbusd_avx_epi32(sum, bytes, int8) emulated::addProducts(sum, bytes, int8)

#endif
