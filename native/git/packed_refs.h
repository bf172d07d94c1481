// The file packed-refs: one line a ref, read whole. Callers that change it hold packed-refs.lock.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "oid.h"

namespace coppice {

class PackedRefs {
 public:
  // Empty when there is no such file.
  static PackedRefs read(const std::string& commonDirectory);

  // Each ref in the order of the file. Throws CORRUPT at a line that is none of git's.
  void each(const std::function<void(std::string_view refName, const Oid& oid)>& visit) const;
  std::optional<Oid> find(const std::string& refName) const;
  // A ref that cannot stand beside `refName`: "a" for "a/b", or "a/b" for "a".
  std::optional<std::string> inTheWayOf(const std::string& refName) const;
  // The file without this ref.
  std::string without(const std::string& refName) const;

 private:
  std::string path_;
  std::string text_;
};

std::string packedRefsPath(const std::string& commonDirectory);

}  // namespace coppice
