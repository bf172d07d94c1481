// Plain SHA-1 over bytes of our own making: the trailers of index and pack files. They are checksums against damage,
// not names, so the collision detection that git's object names need (and that is 3-6 times slower) is left out.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace coppice {

class Checksum {
 public:
  using Digest = std::array<unsigned char, 20>;

  void update(std::string_view bytes);
  Digest finish();  // once

  static Digest of(std::string_view bytes);

 private:
  uint32_t state_[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  uint64_t length_ = 0;
  unsigned char block_[64];
  size_t filled_ = 0;
};

// The compression function on whole blocks of 64 bytes. The second uses the processor's SHA instructions, where
// `processorHashes()`.
void compressPlain(uint32_t state[5], const unsigned char* blocks, size_t count);
void compressByProcessor(uint32_t state[5], const unsigned char* blocks, size_t count);
bool processorHashes() noexcept;

}  // namespace coppice
