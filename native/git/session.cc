// Opening a repository, describing it, and the handles of a session. Names are resolved in resolve.cc.
#include "session.h"

#include <git2/sys/repository.h>

#include <algorithm>
#include <thread>

#include "claim.h"
#include "configuration.h"
#include "failure.h"
#include "landing.h"
#include "library.h"
#include "object_database.h"
#include "repository_check.h"
#include "repository_state.h"
#include "session_packs.h"
#include "tracker.h"

namespace coppice {

namespace {

constexpr unsigned kMaxThreads = 64;

unsigned threadsFor(uint32_t wanted) {
  const unsigned here = std::max(1u, std::thread::hardware_concurrency());
  return std::min(kMaxThreads, wanted == 0 ? here : wanted);
}

OwnedRepository openRepository(const std::string& gitDirectory) {
  OwnedRepository repository;
  const int result = git_repository_open_ext(out(repository), gitDirectory.c_str(), GIT_REPOSITORY_OPEN_NO_SEARCH, nullptr);
  if (result == GIT_EOWNER) {
    fail(failure_code::kUnsupportedRepository, "session.open",
         "the repository belongs to another user; to trust it run: git config --global --add safe.directory <its folder>",
         gitDirectory);
  }
  if (result == GIT_ENOTFOUND) fail(failure_code::kNotARepository, "session.open", "the repository is gone", gitDirectory);
  check(result, "session.open", gitDirectory);
  useConfigurationOfEnvironment(repository.get());
  return repository;
}

std::string withoutFinalSlash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

// A detached HEAD names a commit, an unborn one a branch without a commit.
void describeHead(git_repository* repository, RepositoryDescription& description) {
  OwnedReference head;
  check(git_reference_lookup(out(head), repository, "HEAD"), "session.describe", "HEAD");
  if (git_reference_type(head.get()) == GIT_REFERENCE_SYMBOLIC) description.headRef = git_reference_symbolic_target(head.get());
  Oid oid{};
  const int result = git_reference_name_to_id(&oid, repository, "HEAD");
  if (result == GIT_ENOTFOUND) return;
  check(result, "session.describe", "HEAD");
  description.headOid = oid;
}

bool boolOf(git_config* config, const char* name) {
  int value = 0;
  const int result = git_config_get_bool(&value, config, name);
  if (result != GIT_ENOTFOUND) check(result, "session.describe", name);
  return result == 0 && value != 0;
}

std::optional<std::string> stringOf(git_config* config, const char* name) {
  OwnedBuffer value;
  const int result = git_config_get_string_buf(value.get(), config, name);
  if (result == GIT_ENOTFOUND) return std::nullopt;
  check(result, "session.describe", name);
  return std::string(value.data(), value.size());
}

OwnedConfig configOf(git_repository* repository) {
  OwnedConfig config;
  check(git_repository_config_snapshot(out(config), repository), "session.describe");
  return config;
}

}  // namespace

Session::Session()
    : landings_(std::make_unique<Landings>()),
      claims_(std::make_unique<Claims>()),
      trackers_(std::make_unique<Trackers>()) {}
Session::~Session() = default;

std::shared_ptr<Session> Session::open(const OpenRequest& request, const Cancel& cancel) {
  cancel.check("session.open");
  startLibrary();
  const RepositoryPaths paths = discoverRepository(request.path);
  refuseUnsupported(paths);
  struct Opened : Session {};  // the constructor is private, and make_shared needs one that is not
  auto session = std::make_shared<Opened>();
  session->path_ = paths.gitDirectory;
  session->commonDirectory_ = paths.commonDirectory;
  session->packs_ = std::make_unique<SessionPacks>(paths.commonDirectory);
  session->threads_ = threadsFor(request.threads);
  session->lockTimeoutMs_ = request.lockTimeoutMs;
  const HandleLease handle = session->handle();  // fails here rather than in the first operation
  const OwnedConfig config = configOf(handle->repository());
  refuseIndexConfiguration(paths, config.get());
  session->ignoreCase_ = boolOf(config.get(), "core.ignorecase");
  return session;
}

HandleLease Session::handle() {
  uint64_t generation = 0;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    generation = generation_;
    leased_[generation]++;
    if (!idle_.empty()) {
      std::unique_ptr<Handle> handle = std::move(idle_.back());
      idle_.pop_back();
      return HandleLease(*this, std::move(handle));
    }
  }
  try {
    OwnedRepository repository = openRepository(path_);
    OwnedOdb odb = openObjectDatabase(commonDirectory_, store_);
    check(git_repository_set_odb(repository.get(), odb.get()), "session.handle", path_);
    return HandleLease(*this, std::make_unique<Handle>(*this, std::move(repository), std::move(odb), generation));
  } catch (...) {
    countReturned(generation);
    throw;
  }
}

void Session::countReturned(uint64_t generation) noexcept {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto found = leased_.find(generation);
  if (found != leased_.end() && --found->second == 0) leased_.erase(found);
}

void Session::giveBack(std::unique_ptr<Handle> handle) noexcept {
  const uint64_t generation = handle->generation();
  try {
    std::lock_guard<std::mutex> lock(mutex_);
    // Several operations at once may each have used all threads: the surplus closes its files.
    if (generation == generation_ && idle_.size() < size_t{2} * threads_) idle_.push_back(std::move(handle));
  } catch (...) {
    // Out of memory for the list: the handle is closed instead.
  }
  handle.reset();
  countReturned(generation);
}

uint64_t Session::renewHandles() {
  std::vector<std::unique_ptr<Handle>> old;  // closed outside of the lock
  std::lock_guard<std::mutex> lock(mutex_);
  old.swap(idle_);
  return ++generation_;
}

bool Session::usesHandlesBefore(uint64_t generation) {
  std::lock_guard<std::mutex> lock(mutex_);
  return !leased_.empty() && leased_.begin()->first < generation;
}

RepositoryDescription Session::describe() {
  // A repository of its own: a pooled handle remembers configuration that the user may have changed since.
  const OwnedRepository repository = openRepository(path_);
  const OwnedConfig config = configOf(repository.get());
  RepositoryDescription description;
  description.gitDirectory = path_;
  description.commonDirectory = commonDirectory_;
  description.bare = git_repository_is_bare(repository.get()) != 0;
  if (const char* folder = git_repository_workdir(repository.get())) description.workingDirectory = withoutFinalSlash(folder);
  describeHead(repository.get(), description);
  description.state = repositoryState(repository.get());
  description.ignoreCase = boolOf(config.get(), "core.ignorecase");
  description.commitSigning = boolOf(config.get(), "commit.gpgsign");
  description.userName = stringOf(config.get(), "user.name");
  description.userEmail = stringOf(config.get(), "user.email");
  return description;
}

}  // namespace coppice
