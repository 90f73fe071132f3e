"""Runs all the tests here, and ends with their number as `cargo test` would tell it."""

import sys
import unittest

suite = unittest.defaultTestLoader.discover(".")
result = unittest.TextTestRunner(sys.stdout, verbosity=2).run(suite)
failed = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
skipped = len(result.skipped) + len(result.expectedFailures)
passed = max(result.testsRun - failed - skipped, 0)
print(f"test result: {'FAILED' if failed else 'ok'}. {passed} passed; {failed} failed; {skipped} ignored", flush=True)
sys.exit(1 if failed else 0)
