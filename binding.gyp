# The native side, in the order of its arrows: binding (knows Node) -> native/git (knows libgit2) -> libgit2.
# Sources are listed by scripts/native-sources.mjs at configure time; bootstrap configures again when the list changed.
{
  'includes': ['native/libgit2/libgit2.gypi'],
  'targets': [
    {
      'target_name': 'coppice_git',
      'type': 'static_library',
      'includes': ['native/own-code.gypi'],
      'dependencies': ['git2', 'git2_shim'],
      'export_dependent_settings': ['git2', 'git2_shim'],
      'sources': ['<!@(node scripts/native-sources.mjs coppice_git)'],
    },
    {
      'target_name': 'coppice',
      'includes': ['native/own-code.gypi'],
      'dependencies': ['coppice_git'],
      'sources': ['<!@(node scripts/native-sources.mjs coppice)'],
      'include_dirs': ['<!(node scripts/native-sources.mjs node-addon-api-folder)'],
      # node-addon-api does not throw; native/git does, and the binding catches at its border.
      'defines': ['NAPI_VERSION=8', 'NAPI_DISABLE_CPP_EXCEPTIONS', 'NODE_ADDON_API_DISABLE_DEPRECATED',
        'COPPICE_VERSION="<!(node scripts/native-sources.mjs version)"'],
      'conditions': [
        ['OS=="linux"', {
          # node exports its own zlib and C++ symbols: hide ours and bind to them, or they would be swapped at load.
          'ldflags': ['-Wl,--gc-sections', '-Wl,--exclude-libs,ALL', '-Wl,-Bsymbolic',
            # Never unloaded, not even when the last worker that loaded it ends: libgit2 is never shut down, and its
            # thread keys would call into nothing.
            '-Wl,-z,nodelete'],
        }],
        ['OS=="mac"', { 'xcode_settings': { 'DEAD_CODE_STRIPPING': 'YES' } }],
      ],
    },
    {
      # Checks of native/git without Node.
      'target_name': 'native_test',
      'type': 'executable',
      'includes': ['native/own-code.gypi'],
      'dependencies': ['coppice_git'],
      'sources': ['<!@(node scripts/native-sources.mjs native_test)'],
      # Tests are compiled more often than they run: a third of the time that -O3 takes.
      'cflags_cc': ['-O1'],
    },
  ],
}
