// The last line of a test run, for whoever reads only that: `12 passed, 1 failed, 2 skipped`.
// In jest.config.js: reporters: ['default', '<rootDir>/test/support/countReporter.cjs']

const countOf = ({ numPassedTests, numFailedTests, numPendingTests, numTodoTests, numRuntimeErrorTestSuites }) => {
  const skipped = numPendingTests + numTodoTests;
  // A file that could not be run has no failed test, and would count for nothing.
  const failed = numFailedTests + numRuntimeErrorTestSuites;
  return `${numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
};

module.exports = class CountReporter {
  onRunComplete(_, results) {
    // Not now: Jest's own summary comes after every other reporter, and the global teardown after that.
    process.once('exit', () => process.stdout.write(`${countOf(results)}\n`));
  }
};
module.exports.countOf = countOf;
