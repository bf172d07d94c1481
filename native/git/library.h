// The process-wide start of libgit2: once, with the options that all sessions share.
#pragma once

namespace coppice {

// Safe to call from any thread, any number of times. libgit2 is never shut down again: its thread-local errors are freed by
// threads that end later than any session of ours, and a shutdown would reset the options below under another session.
// Throws LIBGIT2 when it cannot start; a later call tries again.
void startLibrary();

}  // namespace coppice
