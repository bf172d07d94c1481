// The two ways in which RootDirectory opens a path beneath a directory without following a link. Only root_directory.cc
// and the tests of both ways include this.
#pragma once

#include <sys/types.h>

#include <string>

#include "owned.h"
#include "safe_path.h"

namespace coppice {

// openat2 (Linux 5.6). Whether this kernel, and the sandbox around us, has it: asked once.
bool kernelOpensBeneath() noexcept;
OwnedFd openBeneathByKernel(int rootFd, const std::string& path, int flags, mode_t mode, Mounts mounts) noexcept;

// A walk over O_NOFOLLOW directory handles: one system call a component, everywhere.
OwnedFd openBeneathByWalk(int rootFd, const std::string& path, int flags, mode_t mode, Mounts mounts) noexcept;

}  // namespace coppice
