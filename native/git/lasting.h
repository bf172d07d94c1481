// A value of the process that is made at its first use and never destroyed: `static Lasting<Cache> cache;`.
// process.exit() destroys the statics of functions in the reverse order of their first use, so before the addon's exit handler
// waits for the threads that still use them. Its memory is the process's until the end.
#pragma once

#include <new>
#include <utility>

namespace coppice {

template <class T>
class Lasting {
 public:
  template <class... Arguments>
  explicit Lasting(Arguments&&... arguments) : value_(::new (place_) T{std::forward<Arguments>(arguments)...}) {}
  Lasting(const Lasting&) = delete;
  Lasting& operator=(const Lasting&) = delete;

  T& operator*() const noexcept { return *value_; }
  T* operator->() const noexcept { return value_; }

 private:
  alignas(T) unsigned char place_[sizeof(T)];
  T* value_;
};

}  // namespace coppice
