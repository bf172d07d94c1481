# libgit2 1.9.1, the local half: compiled from the npm package nodegit's vendor folder (or from COPPICE_LIBGIT2).
# What is left out (transports, TLS, SSH, HTTP, PCRE, NTLM) is answered by local_only_stubs.c.
# The defines stand in for the git2_features.h that libgit2's CMake would write. macOS values are untried.
{
  'variables': {
    'libgit2': '<!(node scripts/native-sources.mjs libgit2-folder)',
    'libgit2_private_include_dirs': [
      '<(libgit2)/include',
      '<(libgit2)/src/libgit2',
      '<(libgit2)/src/util',
      '<(libgit2)/deps/xdiff',
      '<(libgit2)/deps/zlib',
    ],
    'libgit2_private_defines': [
      'LIBGIT2_NO_FEATURES_H',
      'GIT_THREADS',
      'GIT_ARCH_64',
      'GIT_USE_NSEC',
      'GIT_USE_FUTIMENS',
      'GIT_IO_POLL',
      'GIT_RAND_GETENTROPY',
      'GIT_COMPRESSION_BUILTIN',
      'GIT_SHA1_COLLISIONDETECT',
      'GIT_SHA256_BUILTIN',
      'SHA1DC_NO_STANDARD_INCLUDES=1',
      'SHA1DC_CUSTOM_INCLUDE_SHA1_C="git2_util.h"',
      'SHA1DC_CUSTOM_INCLUDE_UBC_CHECK_C="git2_util.h"',
      'SRC_UTIL_H_',
      '_GNU_SOURCE',
    ],
  },
  'target_defaults': {
    'cflags': ['-fPIC', '-fvisibility=hidden', '-ffunction-sections', '-fdata-sections'],
    'xcode_settings': { 'GCC_SYMBOLS_PRIVATE_EXTERN': 'YES' },
  },
  'targets': [
    {
      'target_name': 'git2',
      'type': 'static_library',
      'sources': ['<!@(node scripts/native-sources.mjs git2)'],
      'include_dirs': ['<@(libgit2_private_include_dirs)'],
      'defines': ['<@(libgit2_private_defines)'],
      # Foreign code, compiled as it comes: its warnings are its authors' business.
      'cflags': ['-w'],
      'xcode_settings': { 'GCC_WARN_INHIBIT_ALL_WARNINGS': 'YES' },
      'conditions': [
        ['OS=="mac"',
          { 'defines': ['GIT_USE_STAT_MTIMESPEC', 'GIT_REGEX_REGCOMP_L', 'GIT_QSORT_BSD'] },
          { 'defines': ['GIT_USE_STAT_MTIM', 'GIT_REGEX_REGCOMP', 'GIT_QSORT_GNU'] },
        ],
      ],
      'direct_dependent_settings': { 'include_dirs': ['<(libgit2)/include', '<(libgit2)/deps/zlib'] },
      'export_dependent_settings': [],
    },
    {
      # Our own C that needs libgit2's private headers. A target of its own, so that nothing else sees them.
      'target_name': 'git2_shim',
      'type': 'static_library',
      'dependencies': ['git2'],
      'sources': ['<!@(node scripts/native-sources.mjs git2_shim)'],
      'include_dirs': ['<@(libgit2_private_include_dirs)'],
      'defines': ['<@(libgit2_private_defines)'],
      'cflags': ['-Wall', '-Wextra', '-Werror', '-Wno-sign-compare'],
      'conditions': [
        ['OS=="mac"',
          { 'defines': ['GIT_USE_STAT_MTIMESPEC', 'GIT_REGEX_REGCOMP_L', 'GIT_QSORT_BSD'] },
          { 'defines': ['GIT_USE_STAT_MTIM', 'GIT_REGEX_REGCOMP', 'GIT_QSORT_GNU'] },
        ],
      ],
      'export_dependent_settings': ['git2'],
    },
  ],
}
