import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/global-setup.ts"],
    // Processes, not threads: tests change signals, descriptors and the environment, and load an addon with its own threads.
    pool: "forks",
    maxWorkers: 2,
    // Real git, real disks, two shared cores: a limit against hanging, not an expectation of speed.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    coverage: {
      provider: "v8",
      include: ["src/**/*.ts"],
      reporter: ["text", "html"],
    },
  },
});
