// Four kinds of test, each where a reader looks for it: pure unit tests beside the code, the whole graph in one
// process (test/graph), contracts (test/contract), and few end-to-end tests with real processes (test/e2e).
const kind = (displayName, testMatch) => ({
  displayName,
  testMatch,
  rootDir: import.meta.dirname,
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleFileExtensions: ['ts', 'js', 'cjs', 'mjs', 'json'],
  transform: { '\\.ts$': '<rootDir>/test/support/stripTypes.cjs' },
});

export default {
  testTimeout: 60_000,
  maxWorkers: 2,
  // Of each file that has run, its modules stay in the worker; two hundred of them are more than a process may have.
  workerIdleMemoryLimit: '1500MB',
  reporters: ['default', '<rootDir>/test/support/countReporter.cjs'],
  globalSetup: '<rootDir>/test/support/globalSetup.ts',
  globalTeardown: '<rootDir>/test/support/globalTeardown.ts',
  projects: [
    kind('unit', ['<rootDir>/{kit,policy,gateway,subgraphs,cli,client,standards,prisma}/**/*.test.ts']),
    kind('graph', ['<rootDir>/test/graph/**/*.test.ts']),
    kind('contract', ['<rootDir>/test/contract/**/*.test.ts']),
    kind('e2e', ['<rootDir>/test/e2e/**/*.test.ts']),
  ],
};
