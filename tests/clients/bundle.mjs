// SPDX-License-Identifier: AGPL-3.0-only
// Prints the command with which a host starts an unpacked bundle, by the bundler's own rules.
// usage: node bundle.mjs FOLDER [DATA_FOLDER]   (packages from MEMORYOSS_NODE_MODULES)
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const library = path.join(
  process.env.MEMORYOSS_NODE_MODULES, "@anthropic-ai", "mcpb", "dist", "shared", "config.js",
);
const { getMcpConfigForManifest } = await import(pathToFileURL(library));
const [folder, dataFolder] = process.argv.slice(2);
const manifest = JSON.parse(fs.readFileSync(path.join(folder, "manifest.json"), "utf8"));
const config = await getMcpConfigForManifest({
  manifest,
  extensionPath: folder,
  systemDirs: { HOME: process.env.HOME },
  userConfig: dataFolder ? { data_dir: dataFolder } : {},
  pathSeparator: path.sep,
});
console.log(JSON.stringify(config));
