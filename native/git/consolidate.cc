// Several packs of this session become one, so that a long run does not leave hundreds (PROTOCOLS P7): git looks into every pack
// for every object, and begins a gc when there are more than 50.
// Everything is copied: what only superseded anchors, ledgers and landed snapshots reach is git's gc's to drop, after its weeks
// of grace, because somebody may have been told of it.
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "back_off.h"
#include "failpoint.h"
#include "failure.h"
#include "gc_lock.h"
#include "operations.h"
#include "pack_copy.h"
#include "pack_names.h"
#include "safe_path.h"
#include "session_packs.h"

namespace coppice {

namespace {

constexpr const char* kOperation = "consolidate";
// A pack is copied again only when it is less than this many times the smaller ones together: then each byte is copied a
// logarithmic number of times, whatever the number of flushes.
constexpr uint64_t kGrowth = 4;
constexpr uint32_t kReaderTimeoutMs = 2000;
constexpr size_t kMaxListBytes = size_t{256} << 20;

bool exists(const std::string& path) {
  struct stat status;
  return ::lstat(path.c_str(), &status) == 0;
}

// A multi-pack-index would name packs that are gone; git drops it when it repacks, we leave such packs alone.
class PackLists {
 public:
  explicit PackLists(const std::string& directory) {
    if (exists(directory + "/multi-pack-index.d")) all_ = true;
    if (const auto text = readSmallFile(directory + "/multi-pack-index", kMaxListBytes)) text_ = *text;
  }
  bool name(const std::string& pack) const { return all_ || text_.find(pack + ".idx") != std::string::npos; }

 private:
  bool all_ = false;
  std::string text_;
};

// The packs that may be replaced, the smallest first. Those that the user's gc took are forgotten.
std::vector<SessionPack> replaceable(SessionPacks& packs, const Cancel& cancel) {
  // A pack that is being flushed is known before it is there.
  const auto turn = packs.turnToFlush(cancel);
  const PackLists lists(packs.directory());
  std::vector<SessionPack> found;
  std::vector<std::string> gone;
  for (SessionPack& pack : packs.list()) {
    const std::string path = packs.pathOf(pack.name);
    if (!exists(path + ".idx") || !exists(path + ".pack")) {
      gone.push_back(pack.name);
    } else if (exists(path + ".keep") == pack.guarded && !lists.name(pack.name)) {
      found.push_back(std::move(pack));  // a .keep that is not ours means: hands off
    }
  }
  packs.forget(gone);
  std::stable_sort(found.begin(), found.end(), [](const SessionPack& a, const SessionPack& b) { return a.bytes < b.bytes; });
  return found;
}

// Of packs sorted by size, how many of the smallest become one.
size_t howMany(const std::vector<SessionPack>& packs, uint32_t atMost) {
  if (packs.size() < 2) return 0;
  uint64_t sum = packs[0].bytes;
  size_t count = 1;
  while (count < packs.size() && (packs[count].bytes < kGrowth * sum || packs.size() - count + 1 > atMost)) {
    sum += packs[count++].bytes;
  }
  return count < 2 ? 0 : count;
}

// Read back from its files: every object of the old packs is there, every entry has its checksum, every delta its base.
void verify(const std::string& path, const Packs& old, const Cancel& cancel) {
  PackReader pack(path);
  for (size_t i = 0; i < pack.count(); i++) {
    cancel.check(kOperation);
    pack.passed(i);
    pack.entry(i);
  }
  size_t number = 0;
  eachName(indexesOf(old), cancel, [&](const Oid& oid, size_t) {
    if (number >= pack.count() || pack.index().oid(number++) != oid)
      fail(failure_code::kCorrupt, kOperation, "the new pack lacks " + toHex(oid), path);
  });
}

void replacePacks(Session& session, const std::vector<std::string>& names, const Cancel& cancel, ConsolidateReply& reply) {
  SessionPacks& packs = session.packs();
  Packs old;
  for (const std::string& name : names) old.push_back(std::make_unique<PackReader>(packs.pathOf(name)));
  PackCopy copy(old, cancel);
  PackInMaking fresh(packs);
  PackWriter writer(packs.directory(), fresh.name(), copy.objects());
  {
    const HandleLease handle = session.handle();
    copy.to(writer, *handle);
  }
  writer.finish();
  writer.publish();
  failpoint("consolidate.published");
  verify(packs.pathOf(fresh.name()), old, cancel);
  packs.replace(names, fresh.name(), writer.bytes());
  fresh.accept();
  failpoint("consolidate.replaced");
  reply.packName = fresh.name();
  reply.bytes = writer.bytes();
  reply.replaced = static_cast<uint32_t>(names.size());
}

// The files of replaced packs go when every handle that may know them only has been given back: libgit2 looks for new packs
// once, and when that one is replaced before it was opened, an object would seem to be missing. A long operation is not waited
// for; the next consolidation, or the end of the session, removes them.
void removeUnread(Session& session, const Cancel& cancel) {
  SessionPacks& packs = session.packs();
  if (packs.retired().empty()) return;
  const uint64_t generation = session.renewHandles();
  const Deadline deadline(kReaderTimeoutMs);
  BackOff backOff(deadline);
  while (session.usesHandlesBefore(generation)) {
    if (!backOff.wait(cancel, kOperation)) return;
  }
  packs.removeRetired();
  packs.releaseReached();
}

}  // namespace

ConsolidateReply consolidate(Session& session, const ConsolidateRequest& request, const Cancel& cancel) {
  SessionPacks& packs = session.packs();
  const auto turn = packs.turnToConsolidate(cancel);
  ConsolidateReply reply;
  if (const auto lock = GcLock::tryTake(session.commonDirectory())) {
    removeUnread(session, cancel);
    std::vector<SessionPack> candidates = replaceable(packs, cancel);
    candidates.resize(howMany(candidates, std::max(request.atMost, 1u)));
    std::vector<std::string> names;
    for (const SessionPack& pack : candidates) names.push_back(pack.name);
    if (!names.empty()) {
      replacePacks(session, names, cancel, reply);
      removeUnread(session, cancel);
    }
  } else {
    reply.gcRunning = true;
  }
  reply.packs = packs.count();
  return reply;
}

}  // namespace coppice
