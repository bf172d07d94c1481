/*
 * What libgit2 still refers to when its network half is left out of the build.
 *
 * Only src/libgit2/*.c is compiled, without transport.c, streams/ and transports/ (see libgit2.gypi). libgit2's start-up
 * table, its settings and remote.c keep references into that half; these definitions answer them with "not there".
 * A missing one would not fail the link of a shared object but its loading: scripts/bootstrap/native.mjs looks for undefined git_
 * symbols after each build.
 *
 * The declarations come from libgit2's own headers wherever these have them, so a changed type fails to compile.
 */
#include "git2/errors.h"
#include "git2/sys/errors.h"
#include "git2/sys/transport.h"

#include "streams/mbedtls.h"
#include "streams/openssl.h"
#include "streams/registry.h"
#include "streams/socket.h"
#include "transports/http.h"
#include "transports/smart.h"
#include "transports/ssh_libssh2.h"

/* Read and written by git_libgit2_opts() in settings.c. */
int git_socket_stream__connect_timeout = 0;
int git_socket_stream__timeout = 0;
bool git_http__expect_continue = false;
bool git_smart__ofs_delta_enabled = true;

/* Called by git_libgit2_init(); nothing to set up. */
int git_mbedtls_stream_global_init(void) { return 0; }
int git_openssl_stream_global_init(void) { return 0; }
int git_socket_stream_global_init(void) { return 0; }
int git_stream_registry_global_init(void) { return 0; }
int git_transport_ssh_libssh2_global_init(void) { return 0; }

/* Called by remote.c, which Coppice never enters; a caller that did would get this error instead of a crash. */
int git_transport_new(git_transport **out, git_remote *owner, const char *url) {
  (void)owner;
  (void)url;
  *out = NULL;
  git_error_set_str(GIT_ERROR_NET, "this libgit2 was built without network transports");
  return GIT_ENOTSUPPORTED;
}
