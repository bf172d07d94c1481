#include "file_content.h"

#include <cstring>

#include "failure.h"

namespace coppice {

void failUnsupported(const char* operation, const std::string& path, const char* reason) {
  const bool filter = std::strcmp(reason, "filter") == 0;
  fail(failure_code::kUnsupportedFilter, operation,
       filter ? "the file's attributes name a filter that is configured, and filters are not run; check the file out "
                "cleanly in "
                "the worktree that is copied from, or remove the filter from the configuration"
              : "the file's attributes name a working-tree-encoding, which is not converted; check the file out "
                "cleanly in the "
                "worktree that is copied from",
       path);
}

std::shared_ptr<const std::string> contentOf(Handle& handle, const TreeFile& file, const Attributes& attributes) {
  std::shared_ptr<const std::string> blob = handle.read(file.oid, GIT_OBJECT_BLOB).data;
  if (!attributes.any() || file.mode == kModeSymlink) return blob;
  Attributes::Converted converted = attributes.toWorktree(file.path, file.oid, *blob);
  if (converted.unsupported != nullptr) failUnsupported("checkout", file.path, converted.unsupported);
  return converted.bytes ? std::make_shared<const std::string>(std::move(*converted.bytes)) : blob;
}

}  // namespace coppice
