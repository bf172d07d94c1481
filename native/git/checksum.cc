// Plain SHA-1 (FIPS 180-4), portable. checksum_x86.cc has the same compression with the processor's instructions.
#include "checksum.h"

#include <cstring>

namespace coppice {
namespace {

uint32_t rotate(uint32_t value, int bits) {
  return (value << bits) | (value >> (32 - bits));
}

uint32_t bigEndian(const unsigned char* p) {
  return static_cast<uint32_t>(p[0]) << 24 | static_cast<uint32_t>(p[1]) << 16 | static_cast<uint32_t>(p[2]) << 8 |
         p[3];
}

void compress(uint32_t state[5], const unsigned char* blocks, size_t count) {
  static const bool byProcessor = processorHashes();
  byProcessor ? compressByProcessor(state, blocks, count) : compressPlain(state, blocks, count);
}

}  // namespace

void compressPlain(uint32_t state[5], const unsigned char* blocks, size_t count) {
  for (; count > 0; count--, blocks += 64) {
    uint32_t w[80];
    for (int i = 0; i < 16; i++)
      w[i] = bigEndian(blocks + 4 * i);
    for (int i = 16; i < 80; i++)
      w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
    const auto step = [&](uint32_t mixed, uint32_t constant, uint32_t word) {
      const uint32_t next = rotate(a, 5) + mixed + e + constant + word;
      e = d;
      d = c;
      c = rotate(b, 30);
      b = a;
      a = next;
    };
    for (int i = 0; i < 20; i++)
      step((b & c) | (~b & d), 0x5a827999, w[i]);
    for (int i = 20; i < 40; i++)
      step(b ^ c ^ d, 0x6ed9eba1, w[i]);
    for (int i = 40; i < 60; i++)
      step((b & c) | (b & d) | (c & d), 0x8f1bbcdc, w[i]);
    for (int i = 60; i < 80; i++)
      step(b ^ c ^ d, 0xca62c1d6, w[i]);
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
  }
}

void Checksum::update(std::string_view bytes) {
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  size_t size = bytes.size();
  length_ += size;
  if (filled_ > 0) {
    const size_t taken = size < 64 - filled_ ? size : 64 - filled_;
    std::memcpy(block_ + filled_, data, taken);
    filled_ += taken;
    data += taken;
    size -= taken;
    if (filled_ < 64) return;
    compress(state_, block_, 1);
    filled_ = 0;
  }
  compress(state_, data, size / 64);
  filled_ = size % 64;
  if (filled_ > 0) std::memcpy(block_, data + (size - filled_), filled_);
}

Checksum::Digest Checksum::finish() {
  const uint64_t bits = length_ * 8;
  unsigned char padding[72] = {0x80};
  const size_t zeros = (filled_ < 56 ? 56 : 120) - filled_;
  for (int i = 0; i < 8; i++)
    padding[zeros + i] = static_cast<unsigned char>(bits >> (56 - 8 * i));
  update({reinterpret_cast<const char*>(padding), zeros + 8});
  Digest digest;
  for (int i = 0; i < 20; i++)
    digest[i] = static_cast<unsigned char>(state_[i / 4] >> (24 - 8 * (i % 4)));
  return digest;
}

Checksum::Digest Checksum::of(std::string_view bytes) {
  Checksum checksum;
  checksum.update(bytes);
  return checksum.finish();
}

}  // namespace coppice
