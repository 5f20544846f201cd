const { MIOU_TEST_NODE: node, MIOU_TEST_SLOWER: slower = '1', MIOU_TEST_WITHOUT: without = '' } = process.env

// What the files of tests run on, where it is another Node than ava's own: one that is emulated, for example.
if (node) process.execPath = node

export default {
  files: [
    'dist-test/**/*.js',
    '!dist-test/support/**',
    '!dist-test/programs/**',
    ...without.split(' ').flatMap((files) => (files ? `!dist-test/${files}` : [])),
  ],
  // A child process per file: what is tested here starts workers, sets signal handlers and calls process.exit.
  workerThreads: false,
  nodeArguments: ['--enable-source-maps'],
  concurrency: 2,
  // Each case has a limit of its own; this one is for what hangs outside of them, and longer than any of those.
  timeout: Number(slower) > 1 ? '14m' : '7m',
}
