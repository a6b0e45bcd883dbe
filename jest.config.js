// Four kinds of test, each where a reader looks for it: unit tests beside the code, the whole graph in one process
// (test/graph), contracts (test/contract), and few end-to-end tests with real processes (test/e2e).
// jest.tools.config.js runs the tests of what only developers need.
// Long tests run there too: what a command of its own runs in full (npm run faults, npm run attack, npm run bench --
// --history), what is killed again and again, and what many thousand texts leave in memory.
export const longTests = [
  '**/test/e2e/faults/faults.test.ts',
  '**/test/e2e/faults/database.test.ts',
  '**/test/e2e/changes/history.test.ts',
  '**/test/e2e/changes/tail.test.ts',
  '**/test/e2e/clients/clients.test.ts',
  '**/test/e2e/ingest/ingest.test.ts',
  '**/test/graph/gateway/hostile.test.ts',
  '**/test/graph/gateway/memory.test.ts',
  '**/test/graph/publication/recomputationAtScale.test.ts',
];

export const kind = (displayName, testMatch) => ({
  displayName,
  testMatch,
  rootDir: import.meta.dirname,
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleFileExtensions: ['ts', 'js', 'cjs', 'mjs', 'json'],
  transform: { '\\.ts$': '<rootDir>/test/support/stripTypes.cjs' },
});

const withoutLong = longTests.map((file) => `!${file}`);

export default {
  testTimeout: 60_000,
  maxWorkers: 2,
  // The modules of each file that has run stay in the worker; those of two hundred files are more than a process may
  // have.
  workerIdleMemoryLimit: '1500MB',
  reporters: ['default', '<rootDir>/test/support/countReporter.cjs'],
  globalSetup: '<rootDir>/test/support/globalSetup.ts',
  globalTeardown: '<rootDir>/test/support/globalTeardown.ts',
  projects: [
    kind('unit', ['<rootDir>/{kit,records,policy,gateway,subgraphs,cli,client,standards}/**/*.test.ts']),
    kind('graph', ['<rootDir>/test/graph/**/*.test.ts', ...withoutLong]),
    kind('contract', ['<rootDir>/test/contract/**/*.test.ts']),
    kind('e2e', ['<rootDir>/test/e2e/**/*.test.ts', ...withoutLong]),
  ],
};
