// Makes a fresh clone ready: dependencies, native build, TypeScript. Does nothing, quickly, when nothing changed.
//   node scripts/bootstrap.mjs [--only=install,native,nativeTests,nativeFaults,typescript,sdk]
import { orExplain, prepare } from "./bootstrap/prepare.mjs";

const only = process.argv.find((arg) => arg.startsWith("--only="))?.slice("--only=".length);
await orExplain(() => prepare(only?.split(",")));
