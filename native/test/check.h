// A check framework of one screen for native/git, without Node: TEST(name) { CHECK(...); CHECK_EQ(...); }.
// A failed check ends its test by an exception and the next test runs; so checks belong on the test's own thread.
// Rejected: a vendored framework (Catch2, doctest); nothing here needs more, and it would be the only native dependency.
#pragma once

#include <filesystem>
#include <functional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

namespace coppice::test {

struct CheckFailed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Test {
  std::string name;
  std::function<void()> body;
};

/** The tests of all translation units, in link order. */
std::vector<Test>& tests();

struct Registration {
  Registration(const char* name, void (*body)()) { tests().push_back({name, body}); }
};

[[noreturn]] inline void fail(const char* file, int line, const std::string& message) {
  throw CheckFailed(std::string(file) + ":" + std::to_string(line) + ": " + message);
}

template <typename T, typename = void>
struct IsPrintable : std::false_type {};
template <typename T>
struct IsPrintable<T, std::void_t<decltype(std::declval<std::ostream&>() << std::declval<const T&>())>>
    : std::true_type {};

template <typename T>
std::string printed(const T& value) {
  if constexpr (IsPrintable<T>::value) {
    std::ostringstream text;
    text << std::boolalpha << value;
    return text.str();
  } else if constexpr (std::is_enum_v<T>) {
    return std::to_string(static_cast<long long>(value));
  } else {
    return "(value of " + std::to_string(sizeof(T)) + " bytes)";
  }
}

template <typename Actual, typename Expected>
void checkEqual(const Actual& actual, const Expected& expected, const char* text, const char* file, int line) {
  if (actual == expected) return;
  fail(file, line, std::string(text) + ": got " + printed(actual) + ", expected " + printed(expected));
}

/** A fresh folder under $TMPDIR, removed with everything in it at the end of the scope. */
class TempDirectory {
 public:
  TempDirectory();
  ~TempDirectory();
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /** Absolute path of `name` in the folder. */
  std::string file(const std::string& name) const { return (path_ / name).string(); }
  /** Write `content` to `name`, parent folders made. Throws when it could not be written whole. */
  void write(const std::string& name, const std::string& content) const;
  /** The bytes of `name`. Throws when there is no such file. */
  std::string read(const std::string& name) const;

 private:
  std::filesystem::path path_;
};

}  // namespace coppice::test

#define TEST(name)                                                            \
  static void test_##name();                                                  \
  static const ::coppice::test::Registration registration_##name(#name, test_##name); \
  static void test_##name()

#define CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::coppice::test::fail(__FILE__, __LINE__, "not true: " #condition))

// The expected value is the last argument and may contain commas.
#define CHECK_EQ(actual, ...) ::coppice::test::checkEqual(actual, __VA_ARGS__, #actual, __FILE__, __LINE__)

#define CHECK_THROWS(type, ...)                                                     \
  do {                                                                              \
    bool threw = false;                                                             \
    try {                                                                           \
      static_cast<void>(__VA_ARGS__);                                               \
    } catch (const type&) {                                                         \
      threw = true;                                                                 \
    }                                                                               \
    if (!threw) ::coppice::test::fail(__FILE__, __LINE__, "no " #type " from: " #__VA_ARGS__); \
  } while (false)
