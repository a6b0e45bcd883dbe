// The last line of a test run, for whoever reads only that: `12 passed, 1 failed, 2 skipped`.
// It has to be the last reporter in jest.config.js. CommonJS, as Jest loads reporters before it knows our transform.

/** @param {import('@jest/reporters').AggregatedResult} results */
const countOf = ({ numPassedTests, numFailedTests, numPendingTests, numTodoTests, numRuntimeErrorTestSuites }) => {
  const skipped = numPendingTests + numTodoTests;
  // A file that could not be run has no failed test, and would count for nothing.
  return `${numPassedTests} passed, ${numFailedTests + numRuntimeErrorTestSuites} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
};

module.exports = class CountReporter {
  onRunComplete(_, results) {
    process.stdout.write(`${countOf(results)}\n`);
  }
};
module.exports.countOf = countOf;
