#include "fuzz/target.h"

namespace coppice::fuzz {

std::vector<Target>& targets() {
  static std::vector<Target> list;
  return list;
}

}  // namespace coppice::fuzz
