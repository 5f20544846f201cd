export default {
  files: ['dist-test/**/*.js', '!dist-test/support/**', '!dist-test/programs/**'],
  // A child process per file: what is tested here starts workers, sets signal handlers and calls process.exit.
  workerThreads: false,
  nodeArguments: ['--enable-source-maps'],
  concurrency: 2,
  timeout: '2m',
}
