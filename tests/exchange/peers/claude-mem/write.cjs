// SPDX-License-Identifier: AGPL-3.0-only
// Let claude-mem write a small database with its own store class:
//   CLAUDE_MEM=node_modules/claude-mem bun write.cjs FOLDER
// Observations normally come from a language model; here the same class is handed them directly.
"use strict";
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");

process.env.CLAUDE_MEM_DATA_DIR = fs.mkdtempSync(path.join(os.tmpdir(), "claude-mem-"));
const peer = path.resolve(process.env.CLAUDE_MEM);
const { SessionStore } = require(path.join(peer, "plugin", "sqlite", "SessionStore.js"));

const file = path.join(path.resolve(process.argv[2]), "claude-mem.db");
fs.rmSync(file, { force: true });
const store = new SessionStore(file);
const START = Date.UTC(2026, 1, 3, 9, 0, 0, 125);

function observation(type, title, subtitle, narrative, facts, concepts, modified) {
  return {
    type, title, subtitle, narrative, facts, concepts,
    files_read: [], files_modified: modified ?? [],
  };
}

const SESSIONS = [
  {
    content: "content-1", memory: "memory-1", project: "webshop", title: "Checkout work",
    prompts: ["Why does the checkout time out?", "Fix it and add a test."],
    observations: [
      observation("discovery", "Checkout waits for the tax service", "The call has no timeout",
        "The tax service is called in the request and blocks for up to 30 seconds.",
        ["checkout/tax.py calls the tax service synchronously", "No timeout is set"],
        ["how-it-works", "gotcha"]),
      observation("bugfix", "Tax call gets a timeout of 2 seconds", "Falls back to the cached rate",
        "When the service does not answer in time the last known rate is used.",
        ["The rate is cached for one hour"], ["problem-solution"], ["checkout/tax.py"]),
      observation("decision", "Rates are cached in Redis", "Not in process memory",
        "Several workers share one cache, so that all of them use the same rate.",
        [], ["why-it-exists", "trade-off"]),
      observation("change", "Größe der Warteschlange erhöht", null, "Von 100 auf 250 Einträge.",
        ["queue.max = 250"], [], ["config/queue.toml"]),
    ],
    summary: {
      request: "Find out why the checkout times out and fix it",
      investigated: "The call to the tax service",
      learned: "The call had no timeout",
      completed: "A timeout of 2 seconds with the cached rate behind it",
      next_steps: "Watch the error rate", notes: null,
    },
  },
  {
    content: "content-2", memory: "memory-2", project: "docs-site", title: null,
    prompts: ["Move the docs to the new generator 📚"],
    observations: [
      observation("feature", "Docs are built with MkDocs", "Replaces the old generator",
        "The build runs in CI and fails on broken links.", ["Build command: make docs"],
        ["what-changed"], ["mkdocs.yml", "Makefile"]),
      observation("refactor", "Pages are grouped by task", "", null,
        ["Tutorials, guides, reference", "日本語のページは後で"], ["pattern"]),
      observation("discovery", "Only a title", null, null, [], []),
    ],
    summary: {
      request: "Move the docs", investigated: null, learned: null,
      completed: "The docs are built with MkDocs", next_steps: null, notes: "Old URLs redirect",
    },
  },
  {
    content: "content-3", memory: "memory-3", project: "webshop", title: null,
    prompts: ["Nothing came of this one"], observations: [], summary: null,
  },
];

let at = START;
for (const session of SESSIONS) {
  const id = store.createSDKSession(
    session.content, session.project, session.prompts[0], session.title ?? undefined, "claude");
  store.updateMemorySessionId(id, session.memory);
  session.prompts.forEach((text, index) =>
    store.saveUserPrompt(session.content, index + 1, text, id));
  session.observations.forEach((one, index) => {
    at += 60_000;
    store.storeObservation(session.memory, session.project, one, index + 1, 120, at, "a-model");
  });
  if (session.summary) {
    at += 60_000;
    store.storeSummary(session.memory, session.project, session.summary, 1, 300, at);
  }
}
// What an old version left: text only, brought in by its own import.
store.importObservation({
  memory_session_id: "memory-2", project: "docs-site", text: "The old generator was Sphinx.",
  type: "discovery", title: null, subtitle: null, facts: null, narrative: null, concepts: null,
  files_read: null, files_modified: null, prompt_number: 1, discovery_tokens: 0,
  created_at: new Date(at).toISOString(), created_at_epoch: at,
});
// And what it could not fill.
store.importObservation({
  memory_session_id: "memory-3", project: "webshop", text: null, type: "discovery", title: "",
  subtitle: "", facts: "[]", narrative: "", concepts: "[]", files_read: "[]",
  files_modified: "[]", prompt_number: 1, discovery_tokens: 0,
  created_at: new Date(at + 1).toISOString(), created_at_epoch: at + 1,
});
for (const statement of ["journal_mode = DELETE", "page_size = 512"]) {
  store.db.run(`PRAGMA ${statement}`);
}
store.db.run("VACUUM");
store.db.run("PRAGMA journal_mode = WAL");
store.close();
