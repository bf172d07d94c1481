#!/usr/bin/env node
// Stands for a coding agent: reads a prompt, says what it does, and edits the file that the prompt names.
import { appendFile, mkdir } from "node:fs/promises";
import { dirname } from "node:path";

const model = process.argv.includes("--model") ? process.argv.at(process.argv.indexOf("--model") + 1) : "usual";
let prompt = "";
for await (const chunk of process.stdin) prompt += chunk;
const path = prompt.trim().split(" ").at(-1);
console.log(`the ${model} model writes ${path}`);
await mkdir(dirname(path), { recursive: true });
await appendFile(path, `Written for: ${prompt.trim()}\n`);
