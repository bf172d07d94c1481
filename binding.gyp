# The native side, in the order of its arrows: binding (knows Node) -> native/git (knows libgit2) -> libgit2.
# Sources are listed by scripts/native-sources.mjs at configure time; bootstrap configures again when the list changed.
{
  'includes': ['native/libgit2/libgit2.gypi'],
  'variables': { 'fuzz%': 0 },
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
      'includes': ['native/own-code.gypi', 'native/addon.gypi'],
      'dependencies': ['coppice_git'],
      'sources': ['<!@(node scripts/native-sources.mjs coppice)'],
    },
    {
      # The same addon with somebody who listens to failpoints: for the fault harness, and never published. In a folder of its
      # own, where no loader takes it for the product's.
      'target_name': 'coppice_faults',
      'type': 'shared_library',
      'includes': ['native/own-code.gypi', 'native/addon.gypi'],
      'dependencies': ['coppice_git'],
      'sources': ['<!@(node scripts/native-sources.mjs coppice_faults)'],
    },
    {
      # For the fault harness too: lets a process's calls fail. See the head of its file.
      'target_name': 'failing_calls',
      'type': 'none',
      'conditions': [
        ['OS=="linux"', {
          'type': 'shared_library',
          'sources': ['native/faults/calls/failing_calls.c'],
          'cflags': ['-Wall', '-Wextra', '-Werror', '-fvisibility=hidden'],
          'libraries': ['-ldl'],
        }],
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
    {
      # libFuzzer's program over native/fuzz: built by scripts/fuzz.mjs alone, with clang.
      'target_name': 'fuzz',
      'type': 'none',
      'conditions': [
        ['fuzz==1', {
          'type': 'executable',
          'includes': ['native/own-code.gypi'],
          'dependencies': ['coppice_git'],
          'sources': ['<!@(node scripts/native-sources.mjs fuzz)'],
          'ldflags': ['-fsanitize=fuzzer'],
        }],
      ],
    },
  ],
}
