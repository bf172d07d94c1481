// Names that every common system can hold: what Windows refuses or silently changes is not one. Git on Linux accepts them, so
// this is asked only where somebody wants it (`portablePaths`); what is dangerous is refused always (safe_path.h).
#pragma once

#include <string_view>

namespace coppice {

// No device name ("con", "nul.txt", "com1"), no control character or any of < > : " | ? * \, no dot or space at the end of a
// component, at most 255 bytes a component, valid UTF-8. `path` is relative, its components parted by slashes.
bool isPortablePath(std::string_view path);

}  // namespace coppice
