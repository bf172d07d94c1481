// For what follows the length of a run or the size of a repository and lives for a moment: where it is large it is pages of
// its own, which go back to the system the moment that it is freed. malloc keeps what is freed for the thread that freed it,
// each thread the most that it ever had, and with operations on all threads that is a multiple of what any of them needs; what
// lives longer comes to lie in it, and the next large piece goes behind that (docs/decisions/memory-of-a-long-run.md).
// Limits: a vector that grows copies at each step, so reserve.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <new>
#include <string>
#include <vector>

namespace coppice {

template <class T>
class PageAllocator {
 public:
  using value_type = T;

  PageAllocator() = default;
  template <class Other>
  PageAllocator(const PageAllocator<Other>&) noexcept {}

  T* allocate(size_t count) {
    if (count > SIZE_MAX / sizeof(T)) throw std::bad_alloc();
    if (!isLarge(count)) return static_cast<T*>(::operator new(count * sizeof(T)));
    void* memory = ::mmap(nullptr, count * sizeof(T), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    return static_cast<T*>(memory);
  }

  void deallocate(T* memory, size_t count) noexcept {
    if (isLarge(count)) {
      ::munmap(memory, count * sizeof(T));
    } else {
      ::operator delete(memory);
    }
  }

 private:
  // Below this two system calls and fresh pages cost more than what malloc may keep.
  static constexpr size_t kLargeBytes = 64 * 1024;
  static bool isLarge(size_t count) { return count * sizeof(T) >= kLargeBytes; }
};

template <class T, class Other>
bool operator==(const PageAllocator<T>&, const PageAllocator<Other>&) noexcept {
  return true;
}
template <class T, class Other>
bool operator!=(const PageAllocator<T>&, const PageAllocator<Other>&) noexcept {
  return false;
}

template <class T>
using PageVector = std::vector<T, PageAllocator<T>>;
using PageString = std::basic_string<char, std::char_traits<char>, PageAllocator<char>>;

}  // namespace coppice
