// SHA-1 compression with the SHA extensions of x86 processors; on others this file answers "not there".
#include "checksum.h"

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace coppice {

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))

bool processorHashes() noexcept {
  unsigned a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSSE3) || !(c & bit_SSE4_1)) return false;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & (1u << 29));  // SHA
}

namespace {

// Four of the 80 rounds. `kFunction` picks the mixing function and constant; the schedule runs four words ahead.
template <int kFunction>
__attribute__((target("sha,sse4.1"))) inline void fourRounds(__m128i& abcd, __m128i& e, __m128i words) {
  const __m128i before = abcd;
  abcd = _mm_sha1rnds4_epu32(abcd, _mm_sha1nexte_epu32(e, words), kFunction);
  e = before;
}

}  // namespace

__attribute__((target("sha,sse4.1"))) void compressByProcessor(uint32_t state[5], const unsigned char* blocks,
                                                               size_t count) {
  const __m128i reversed = _mm_set_epi64x(0x0001020304050607, 0x08090a0b0c0d0e0f);
  __m128i abcd = _mm_shuffle_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(state)), 0x1b);
  __m128i last = _mm_set_epi32(static_cast<int>(state[4]), 0, 0, 0);
  for (; count > 0; count--, blocks += 64) {
    const __m128i abcdBefore = abcd;
    const __m128i lastBefore = last;
    __m128i w[4];
    for (int i = 0; i < 4; i++)
      w[i] = _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(blocks) + i), reversed);
    // The first group adds E itself; in later ones it is the A of four rounds before, rotated by sha1nexte.
    const __m128i first = abcd;
    abcd = _mm_sha1rnds4_epu32(abcd, _mm_add_epi32(last, w[0]), 0);
    __m128i e = first;
#pragma GCC unroll 19
    for (int group = 1; group < 20; group++) {
      __m128i& words = w[group % 4];
      if (group >= 4) {
        const __m128i mixed = _mm_xor_si128(_mm_sha1msg1_epu32(words, w[(group + 1) % 4]), w[(group + 2) % 4]);
        words = _mm_sha1msg2_epu32(mixed, w[(group + 3) % 4]);
      }
      switch (group / 5) {
        case 0:
          fourRounds<0>(abcd, e, words);
          break;
        case 1:
          fourRounds<1>(abcd, e, words);
          break;
        case 2:
          fourRounds<2>(abcd, e, words);
          break;
        default:
          fourRounds<3>(abcd, e, words);
          break;
      }
    }
    last = _mm_sha1nexte_epu32(e, lastBefore);
    abcd = _mm_add_epi32(abcd, abcdBefore);
  }
  _mm_storeu_si128(reinterpret_cast<__m128i*>(state), _mm_shuffle_epi32(abcd, 0x1b));
  state[4] = static_cast<uint32_t>(_mm_extract_epi32(last, 3));
}

#else

bool processorHashes() noexcept {
  return false;
}
void compressByProcessor(uint32_t state[5], const unsigned char* blocks, size_t count) {
  compressPlain(state, blocks, count);
}

#endif

}  // namespace coppice
