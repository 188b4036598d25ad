/**
 * Prints 'N passed, N failed' from vitest's JSON report; exits 1 unless every test of it ran and passed. Plain JavaScript:
 * it also runs with the machine's own Node, where there was no npm ci.
 */
import { readFileSync } from 'node:fs';

/** A file that could not even be loaded has no tests of its own: it counts as one that failed. */
function count(report) {
  const broken = report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken.length,
    notRun: report.numPendingTests + report.numTodoTests,
  };
}

function read(path) {
  try {
    return count(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    console.log(`There is no report of the tests: ${error.message}`);
    return { passed: 0, failed: 1, notRun: 0 };
  }
}

const { passed, failed, notRun } = read(process.argv[2]);
if (notRun > 0) console.log(`${notRun} tests were skipped; every test has to run.`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = passed > 0 && failed === 0 && notRun === 0 ? 0 : 1;
