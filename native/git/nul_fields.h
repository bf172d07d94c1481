// Small notes on disk as NUL-ended fields: paths hold every other byte, so nothing needs escaping.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace coppice {

inline void appendField(std::string& text, std::string_view value) {
  text.append(value);
  text.push_back('\0');
}

// Whole fields only: what follows the last NUL was cut off.
inline std::vector<std::string> fieldsOf(std::string_view text) {
  std::vector<std::string> fields;
  for (size_t end = text.find('\0'); end != std::string_view::npos; end = text.find('\0')) {
    fields.emplace_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  return fields;
}

}  // namespace coppice
