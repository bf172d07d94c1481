#include "move_note.h"

#include <stdio.h>
#include <unistd.h>

#include <cerrno>

#include "failpoint.h"
#include "failure.h"
#include "landing_lock.h"
#include "nul_fields.h"
#include "safe_path.h"

namespace coppice {
namespace {

constexpr const char* kHeader = "coppice move 1";
constexpr size_t kMaxBytes = 64u << 10;

std::string pathOf(const std::string& commonDirectory) { return commonDirectory + "/coppice/moving"; }

}  // namespace

bool MoveNote::exists(const std::string& commonDirectory) { return access(pathOf(commonDirectory).c_str(), F_OK) == 0; }

std::optional<MoveNote> MoveNote::read(const std::string& commonDirectory) {
  const auto text = readSmallFile(pathOf(commonDirectory), kMaxBytes);
  if (!text) return std::nullopt;
  const std::vector<std::string> fields = fieldsOf(*text);
  MoveNote note;
  if (fields.size() != 5 || fields[0] != kHeader || !parseOid(fields[3], note.oldOid) || !parseOid(fields[4], note.newOid))
    fail(failure_code::kCorrupt, "land.readMoveNote", "not a note of a landing", pathOf(commonDirectory));
  note.gitDirectory = fields[1];
  note.refName = fields[2];
  return note;
}

void MoveNote::write(const std::string& commonDirectory) const {
  std::string text;
  for (const std::string& field : {std::string(kHeader), gitDirectory, refName, toHex(oldOid), toHex(newOid)})
    appendField(text, field);
  const std::string path = pathOf(commonDirectory);
  const std::string fresh = path + ".new";
  if (unlink(fresh.c_str()) != 0 && errno != ENOENT) failSystem("land.writeMoveNote", fresh);
  writeNewFile(fresh, text, 0666, true);
  failpoint("landing.note-written");
  if (rename(fresh.c_str(), path.c_str()) != 0) failSystem("land.writeMoveNote", path);
  syncDirectory(makeNotesDirectory(commonDirectory));
}

void MoveNote::remove(const std::string& commonDirectory) noexcept { unlink(pathOf(commonDirectory).c_str()); }

}  // namespace coppice
