// Bytes of the repository <-> JavaScript strings, without loss. Paths and file contents are bytes, mostly UTF-8. A byte
// that is no part of valid UTF-8 becomes one lone surrogate U+DC80..U+DCFF (Python's "surrogateescape") and comes back
// as that byte. Rejected: replacing it by U+FFFD, as napi_create_string_utf8 does (another path, silently), and
// refusing it (one Latin-1 file would fail every diff that shows it).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace coppice {

bool isUtf8(std::string_view bytes);
std::u16string toUtf16(std::string_view bytes);
// nullopt: the string holds a lone surrogate that stands for no byte.
std::optional<std::string> fromUtf16(std::u16string_view text);

}  // namespace coppice
