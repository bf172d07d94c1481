// The room that is looked for before a worktree is made, on whatever filesystem the tests run.
#include "git/disk_room.h"

#include <sys/statvfs.h>

#include "test/session_repository.h"

using namespace coppice;
using namespace coppice::test;

namespace {

struct statvfs filesystemOf(const std::string& path) {
  struct statvfs filesystem;
  if (::statvfs(path.c_str(), &filesystem) != 0) throw std::runtime_error("statvfs failed");
  return filesystem;
}

uint64_t freeBytes(const std::string& path) {
  const struct statvfs filesystem = filesystemOf(path);
  return filesystem.f_bavail * filesystem.f_frsize;
}

std::string codeOf(DiskRoom& room, const std::string& path, RoomNeeded needed, uint64_t reserve) {
  try {
    room.take(path, needed, reserve);
  } catch (const Failure& failure) {
    return failure.code;
  }
  return "";
}

}  // namespace

TEST(disk_room_counts_what_others_are_writing) {
  const TempDirectory folder;
  const std::string path = folder.path().string();
  DiskRoom room;
  const RoomNeeded half{freeBytes(path) / 10 * 6, 0};
  {
    const auto first = room.take(path, half, 0);
    CHECK_EQ(codeOf(room, path, half, 0), "NO_SPACE");
  }
  CHECK_EQ(codeOf(room, path, half, 0), "");
}

TEST(disk_room_refuses_more_than_there_is) {
  const TempDirectory folder;
  const std::string path = folder.path().string();
  DiskRoom room;
  CHECK_EQ(codeOf(room, path, {freeBytes(path) * 2, 0}, 0), "NO_SPACE");
  if (filesystemOf(path).f_files > 0) CHECK_EQ(codeOf(room, path, {0, filesystemOf(path).f_files * 2}, 0), "NO_SPACE");
  CHECK_EQ(codeOf(room, path + "/missing", {}, 0), "SYSTEM");
}

TEST(disk_room_holds_back_no_more_than_a_twentieth) {
  const TempDirectory folder;
  const std::string path = folder.path().string();
  const struct statvfs filesystem = filesystemOf(path);
  const uint64_t twentieth = filesystem.f_blocks * filesystem.f_frsize / 20;
  DiskRoom room;
  const bool mostlyFree = freeBytes(path) > twentieth * 2;
  if (mostlyFree) CHECK_EQ(codeOf(room, path, {4096, 1}, UINT64_MAX), "");
  // What is free less half of the reserve.
  CHECK_EQ(codeOf(room, path, {freeBytes(path) - std::min(freeBytes(path), twentieth / 2), 1}, UINT64_MAX), "NO_SPACE");
}
