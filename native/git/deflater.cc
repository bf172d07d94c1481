#include "deflater.h"

#include <algorithm>

#include "failure.h"

namespace coppice {

namespace {

constexpr const char* kOperation = "flush.compress";
constexpr size_t kMaxStored = UINT16_MAX;
constexpr size_t kStep = 1u << 20;  // between two looks at the cancel flag

}  // namespace

Deflater::Deflater(int level) {
  if (deflateInit(&stream_, level) != Z_OK) fail(failure_code::kLimit, kOperation, "no memory for the compressor");
}

void Deflater::store(std::string_view data, const std::function<void(std::string_view)>& take) {
  if (data.size() > kMaxStored) fail(failure_code::kInvalid, kOperation, "too much for one stored block");
  const auto size = static_cast<uint16_t>(data.size());
  const auto low = [](uint16_t number) { return static_cast<char>(number & 0xff); };
  const auto high = [](uint16_t number) { return static_cast<char>(number >> 8); };
  const auto inverse = static_cast<uint16_t>(~size);
  // Header of a zlib stream, one last block of type "stored", its size twice, the bytes, their Adler-32.
  const char head[] = {0x78, 0x01, 0x01, low(size), high(size), low(inverse), high(inverse)};
  const uLong sum = adler32(adler32(0, nullptr, 0), reinterpret_cast<const Bytef*>(data.data()), static_cast<uInt>(data.size()));
  const char tail[] = {high(static_cast<uint16_t>(sum >> 16)), low(static_cast<uint16_t>(sum >> 16)),
                       high(static_cast<uint16_t>(sum)), low(static_cast<uint16_t>(sum))};
  take(std::string_view(head, sizeof head));
  take(data);
  take(std::string_view(tail, sizeof tail));
}

Deflater::~Deflater() { deflateEnd(&stream_); }

void Deflater::compress(std::string_view data, const Cancel& cancel, const std::function<void(std::string_view)>& take) {
  if (deflateReset(&stream_) != Z_OK) fail(failure_code::kLimit, kOperation, "the compressor cannot be used again");
  char buffer[16384];
  int result = Z_OK;
  do {
    cancel.check(kOperation);
    const std::string_view step = data.substr(0, kStep);
    data.remove_prefix(step.size());
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(step.data()));
    stream_.avail_in = static_cast<uInt>(step.size());
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(buffer);
      stream_.avail_out = sizeof buffer;
      result = deflate(&stream_, data.empty() ? Z_FINISH : Z_NO_FLUSH);
      if (result == Z_STREAM_ERROR) fail(failure_code::kLimit, kOperation, "the compressor failed");
      take(std::string_view(buffer, sizeof buffer - stream_.avail_out));
    } while (stream_.avail_out == 0);
  } while (result != Z_STREAM_END);
}

}  // namespace coppice
