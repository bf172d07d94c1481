import { defineConfig } from "vitest/config";

// `npm run test:sdk`: apart from the other tests, because the SDK brings 331 packages that nothing else needs.
export default defineConfig({
  test: {
    include: ["test-sdk/*.test.ts"],
    globalSetup: ["test/support/global-setup.ts"],
    pool: "forks",
    maxWorkers: 2,
    // The SDK's journal is read anew for each result: a limit against hanging, not an expectation.
    testTimeout: 300_000,
    hookTimeout: 60_000,
  },
});
