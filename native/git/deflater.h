// zlib, compressing one object after another with one stream: making a new one for each costs more than a small object.
#pragma once

#include <zlib.h>

#include <functional>
#include <string_view>

#include "cancel.h"

namespace coppice {

class Deflater {
 public:
  explicit Deflater(int level);
  ~Deflater();
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  // Gives the compressed form of `data` in pieces.
  void compress(std::string_view data, const Cancel& cancel, const std::function<void(std::string_view)>& take);

  // Gives `data`, of at most 65,535 bytes, as it is, in the form of a compressed one.
  void store(std::string_view data, const std::function<void(std::string_view)>& take);

 private:
  z_stream stream_{};
};

}  // namespace coppice
