// For tests that start what is built: dist/ is brought up to date first, which `npm test` has done already.
import { join } from "node:path";
import { compileTypeScript } from "../../scripts/bootstrap/typescript.mjs";

export const projectFolder = join(import.meta.dirname, "../..");
export const commandLine = join(projectFolder, "dist/cli/main.js");

export async function requireBuilt(): Promise<void> {
  await compileTypeScript();
}
