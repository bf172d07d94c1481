// COPPICE_FAULTS_PORTABLE=1: the addon of the fault harness opens and swaps paths as it does where the kernel has neither openat2 nor
// renameat2.
#include <cstdlib>
#include <cstring>

#include "git/path_swap.h"
#include "git/safe_path.h"

namespace coppice {
namespace {

struct PortableWays {
  PortableWays() {
    const char* wanted = std::getenv("COPPICE_FAULTS_PORTABLE");
    if (wanted == nullptr || std::strcmp(wanted, "1") != 0) return;
    RootDirectory::usePortableFallback(true);
    usePortablePathSwap(true);
  }
} portableWays;

}  // namespace
}  // namespace coppice
