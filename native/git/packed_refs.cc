#include "packed_refs.h"

#include "failure.h"
#include "safe_path.h"

namespace coppice {

namespace {

constexpr size_t kMaxBytes = size_t{1} << 30;
constexpr size_t kHexBytes = 40;
constexpr std::string_view kHeader = "# pack-refs with:";

bool isBelow(std::string_view name, std::string_view directory) {
  return name.size() > directory.size() && name[directory.size()] == '/' && name.substr(0, directory.size()) == directory;
}

}  // namespace

std::string packedRefsPath(const std::string& commonDirectory) { return commonDirectory + "/packed-refs"; }

PackedRefs PackedRefs::read(const std::string& commonDirectory) {
  PackedRefs refs;
  refs.path_ = packedRefsPath(commonDirectory);
  if (auto text = readSmallFile(refs.path_, kMaxBytes)) refs.text_ = std::move(*text);
  return refs;
}

// As strict as git, which refuses the whole file for one line: whatever is written anew from it must be read by git, too.
void PackedRefs::each(const std::function<void(std::string_view, const Oid&)>& visit) const {
  const std::string_view text = text_;
  bool afterRef = false;
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    const std::string_view line = text.substr(at, end - at);
    if (end == std::string_view::npos) fail(failure_code::kCorrupt, "packedRefs", "the last line is cut off", path_);
    const bool first = at == 0;
    at = end + 1;
    if (first && line.substr(0, kHeader.size()) == kHeader) continue;
    Oid oid{};
    // '^': what the tag above names.
    const bool peeled = afterRef && line.size() == kHexBytes + 1 && line[0] == '^' && parseOid(line.substr(1), oid);
    afterRef = !peeled;
    if (peeled) continue;
    if (line.size() < kHexBytes + 2 || line[kHexBytes] != ' ' || !parseOid(line.substr(0, kHexBytes), oid)) {
      fail(failure_code::kCorrupt, "packedRefs", "a line is neither a ref nor what a ref names", path_);
    }
    visit(line.substr(kHexBytes + 1), oid);
  }
}

std::optional<Oid> PackedRefs::find(const std::string& refName) const {
  std::optional<Oid> found;
  each([&](std::string_view name, const Oid& oid) {
    if (name == refName) found = oid;
  });
  return found;
}

std::optional<std::string> PackedRefs::inTheWayOf(const std::string& refName) const {
  std::optional<std::string> found;
  each([&](std::string_view name, const Oid&) {
    if (isBelow(name, refName) || isBelow(refName, name)) found = std::string(name);
  });
  return found;
}

std::string PackedRefs::without(const std::string& refName) const {
  std::string kept;
  kept.reserve(text_.size());
  bool dropping = false;
  const std::string_view text = text_;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size() - 1);
    const std::string_view line = text.substr(at, end - at + 1);
    at = end + 1;
    if (line[0] != '^') {
      dropping = line.size() == kHexBytes + refName.size() + 2 && line.substr(kHexBytes + 1, refName.size()) == refName;
    }
    if (!dropping) kept.append(line);
  }
  return kept;
}

}  // namespace coppice
