// The session's store: seen by libgit2 at once, and not forgotten while somebody still counts on it.
#include "git/object_store.h"

#include "test/session_repository.h"

using namespace coppice;
using namespace coppice::test;

TEST(store_objects_are_readable_through_libgit2_before_a_flush) {
  const SessionRepository repository;
  const auto session = repository.open();
  const HandleLease handle = session->handle();
  const Oid oid = handle->write(GIT_OBJECT_BLOB, "only in memory\n");
  OwnedBlob blob;
  CHECK_EQ(git_blob_lookup(out(blob), handle->repository(), &oid), 0);
  CHECK_EQ(std::string(static_cast<const char*>(git_blob_rawcontent(blob.get()))), "only in memory\n");
  CHECK(git_odb_exists(handle->odb(), &oid) == 1);
  size_t size = 0;
  git_object_t type;
  CHECK_EQ(git_odb_read_header(&size, &type, handle->odb(), &oid), 0);
  CHECK_EQ(size, size_t{15});
  CHECK(!repository.gitSucceeds("cat-file -e " + toHex(oid)));
}

TEST(store_objects_are_seen_by_every_handle) {
  const SessionRepository repository;
  const auto session = repository.open();
  const HandleLease one = session->handle();
  const HandleLease two = session->handle();
  const Oid oid = one->write(GIT_OBJECT_BLOB, "shared");
  CHECK_EQ(*two->read(oid).data, "shared");
}

TEST(store_takes_what_libgit2_writes) {
  const SessionRepository repository;
  const auto session = repository.open();
  const HandleLease handle = session->handle();
  Oid oid{};
  CHECK_EQ(git_blob_create_from_buffer(&oid, handle->repository(), "by libgit2", 10), 0);
  CHECK(session->store().find(oid).has_value());
  CHECK_EQ(repository.git("count-objects"), "0 objects, 0 kilobytes");
}

TEST(store_names_objects_as_git_does) {
  const SessionRepository repository;
  CHECK_EQ(toHex(hashObject(GIT_OBJECT_BLOB, "content\n")), repository.git("hash-object --stdin", "content\n"));
}

TEST(store_keeps_an_object_that_was_put_again) {
  ObjectStore store;
  const Oid once = store.put(GIT_OBJECT_BLOB, "once");
  const Oid twice = store.put(GIT_OBJECT_BLOB, "twice");
  const auto pending = store.pending();
  CHECK_EQ(pending.size(), size_t{2});
  CHECK(pending[0].first == once && pending[1].first == twice);
  store.put(GIT_OBJECT_BLOB, "twice");
  CHECK(store.isOnlyHere(once) && store.isOnlyHere(twice));
  store.drop(pending);
  CHECK(!store.find(once).has_value());
  CHECK(!store.isOnlyHere(once) && !store.isOnlyHere(twice));
  CHECK(store.find(twice).has_value());
  CHECK_EQ(store.bytes(), size_t{5});
  store.drop(store.pending());
  CHECK_EQ(store.bytes(), size_t{0});
}

TEST(store_reads_say_what_is_missing_and_what_is_of_another_kind) {
  const SessionRepository repository;
  const auto session = repository.open();
  const HandleLease handle = session->handle();
  const Oid blob = handle->write(GIT_OBJECT_BLOB, "x");
  CHECK_EQ(failureCode([&] { handle->read(blob, GIT_OBJECT_TREE); }), failure_code::kInvalid);
  CHECK_EQ(failureCode([&] { handle->read(hashObject(GIT_OBJECT_BLOB, "nobody has this")); }), failure_code::kNotFound);
}
