// What errno says about a path that a task could have changed at any time.
#pragma once

#include <cerrno>

namespace coppice {

// It, or a directory above it, is not there, or a link or file stands in its place.
inline bool isGone(int error) {
  return error == ENOENT || error == ENOTDIR || error == ELOOP;
}

// It is there, but this process cannot look at it.
inline bool isUnreadable(int error) {
  return error == EACCES || error == EPERM || error == EIO || error == ENAMETOOLONG || error == EOVERFLOW;
}

}  // namespace coppice
