// A new small file at the top of a root that is open, whatever stands at the root's path by now. By path it is in safe_path.h.
#pragma once

#include <string>
#include <string_view>

#include "safe_path.h"

namespace coppice {

// O_EXCL, not synced. Throws EXISTS.
void writeNewFile(const RootDirectory& root, const std::string& name, std::string_view bytes, mode_t mode);

}  // namespace coppice
