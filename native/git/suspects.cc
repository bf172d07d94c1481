#include "suspects.h"

#include <algorithm>

namespace coppice {

void Suspects::add(std::string path, Kind kind) {
  if (path.empty()) return;  // the root: whoever loses sight of that says so
  Kind& known = paths_.emplace(std::move(path), kind).first->second;
  known = std::max(known, kind);
}

void Suspects::add(const Suspects& others) {
  for (const auto& [path, kind] : others)
    add(path, kind);
}

bool Suspects::cover(std::string_view path) const {
  for (size_t end = path.find('/');; end = path.find('/', end + 1)) {
    const auto found = paths_.find(path.substr(0, end));
    if (found != paths_.end() && found->second == Kind::kAll) return true;
    if (end == std::string_view::npos) return false;
  }
}

bool Suspects::reach(std::string_view path) const {
  const std::string start = std::string(path) + '/';
  const auto found = paths_.lower_bound(start);
  return found != paths_.end() && found->first.compare(0, start.size(), start) == 0;
}

}  // namespace coppice
