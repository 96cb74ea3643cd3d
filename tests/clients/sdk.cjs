// SPDX-License-Identifier: AGPL-3.0-only
// One conversation through the TypeScript SDK; prints what it saw as JSON.
// usage: node sdk.cjs v1|v2 COMMAND ARGUMENT...   (packages from MEMORYOSS_NODE_MODULES)
"use strict";

const { createRequire } = require("node:module");
const path = require("node:path");

const load = createRequire(path.join(process.env.MEMORYOSS_NODE_MODULES, "..", "package.json"));
const [generation, command, ...args] = process.argv.slice(2);
const sdk =
  generation === "v1"
    ? {
        ...load("@modelcontextprotocol/sdk/client/index.js"),
        ...load("@modelcontextprotocol/sdk/client/stdio.js"),
      }
    : { ...load("@modelcontextprotocol/client"), ...load("@modelcontextprotocol/client/stdio") };
const TEXT = "Zoë — 東京 \u2028 🙂";

async function main() {
  const client = new sdk.Client({ name: `typescript-${generation}`, version: "1" });
  const errors = [];
  client.onerror = (error) => errors.push(String(error));
  const transport = new sdk.StdioClientTransport({ command, args, env: process.env });
  await client.connect(transport);
  const call = (tool, given) =>
    client.callTool({ name: `memoryoss_${tool}`, arguments: given });
  const seen = { server: client.getServerVersion(), instructions: client.getInstructions() };
  const { tools } = await client.listTools();
  seen.tools = tools.map((tool) => [tool.name, tool.title, tool.annotations]);
  const stored = await call("store", { content: TEXT, tags: ["sdk"] });
  const { id } = stored.structuredContent;
  const recalled = await call("recall", { query: "東京" });
  seen.sameText = recalled.structuredContent.memories[0].content === TEXT;
  seen.sameFacts =
    JSON.stringify(JSON.parse(recalled.content[0].text)) ===
    JSON.stringify(recalled.structuredContent);
  const read = await client.readResource({ uri: `memoryoss://memory/${id}` });
  seen.resource = JSON.parse(read.contents[0].text).content === TEXT;
  seen.updated = (await call("update", { id, content: "short" })).structuredContent.version;
  const refused = await call("forget", {});
  seen.refused = [refused.isError, refused.content[0].text];
  seen.deleted = (await call("forget", { ids: [id] })).structuredContent.deleted;
  const prompt = await client.getPrompt({ name: "save-decisions" });
  seen.prompt = prompt.messages[0].role;
  seen.unknown = await call("nothing", {}).then(
    () => null,
    (error) => error.code,
  );
  await client.close();
  seen.errors = errors;
  console.log(JSON.stringify(seen));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
