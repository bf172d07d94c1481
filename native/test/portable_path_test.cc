// Which names common systems refuse; that a snapshot asks for it only when told to is snapshot_test.cc.
#include "git/portable_path.h"

#include "test/check.h"

using namespace coppice;

TEST(portable_path_accepts_what_every_system_holds) {
  for (const char* path : {"a", "dir/file.txt", ".hidden", "with space/x y", "console", "com10", "com", "lpt0", "nul-1", "conx.txt",
                           "\xc3\xa4/\xe2\x82\xac/\xf0\x9f\x98\x80"})
    CHECK_EQ(std::string(isPortablePath(path) ? "" : path), "");
}

TEST(portable_path_refuses_what_windows_cannot_hold) {
  for (const char* path : {"con", "CON", "dir/nul", "aux.txt", "Com1.tar.gz", "lpt9", "com\xc2\xb2", "conin$", "prn .txt", "a\\b", "a:b",
                           "what?", "a*", "a|b", "<a", "a>", "\"a\"", "tab\there", "dot.", "space ", "dir./x", "", "a//b"})
    CHECK_EQ(std::string(isPortablePath(path) ? path : ""), "");
  CHECK(isPortablePath(std::string(255, 'x')));
  CHECK(!isPortablePath(std::string(256, 'x')));
}

TEST(portable_path_refuses_what_is_not_utf8) {
  for (const char* path : {"\xff", "a\x80", "\xc3", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80"})
    CHECK_EQ(std::string(isPortablePath(path) ? path : ""), "");
}
