// SPDX-License-Identifier: AGPL-3.0-only
// The official npm SDKs against two base URLs; prints what they saw as JSON.
// usage: node proxy_sdks.mjs OPENAI_URL ANTHROPIC_URL KEY MODE QUESTION   (packages from MEMORYOSS_NODE_MODULES)
import { createRequire } from "node:module";
import path from "node:path";

const [openaiURL, anthropicURL, apiKey, mode, question] = process.argv.slice(2);
const require = createRequire(path.join(process.env.MEMORYOSS_NODE_MODULES, "x.js"));
const OpenAI = require("openai");
const Anthropic = require("@anthropic-ai/sdk");

const options = { apiKey, maxRetries: 0, defaultHeaders: { "X-Memory-Mode": mode } };
const openai = new OpenAI.OpenAI({ ...options, baseURL: openaiURL });
const anthropic = new Anthropic.Anthropic({ ...options, baseURL: anthropicURL });
const schema = { type: "object", properties: { place: { type: "string" } }, required: ["place"] };
const turn = (text) => [{ role: "user", content: text }];
const claude = { model: "claude-for-tests", max_tokens: 1024 };
const seen = {};

// OpenAI: chat.
const chat = { model: "gpt-4o", messages: turn(question) };
seen.chat = (await openai.chat.completions.create(chat)).choices[0].message.content;
seen.chatStreamed = "";
for await (const chunk of await openai.chat.completions.create({ ...chat, stream: true })) {
  seen.chatStreamed += chunk.choices[0]?.delta?.content ?? "";
}
const tools = [{ type: "function", function: { name: "weather", parameters: schema } }];
const use = { model: "gpt-4o", messages: turn("Please use the tool."), tools };
const { message } = (await openai.chat.completions.create(use)).choices[0];
seen.tool = JSON.parse(message.tool_calls[0].function.arguments).place;
const result = { role: "tool", tool_call_id: message.tool_calls[0].id, content: "Sonne ☀" };
use.messages = [...use.messages, message, result];
seen.toolAnswer = (await openai.chat.completions.create(use)).choices[0].message.content;

// OpenAI: responses, and what else there is.
const asked = { model: "gpt-4o", input: question };
seen.response = (await openai.responses.create(asked)).output_text;
seen.responseStreamed = "";
for await (const event of await openai.responses.create({ ...asked, stream: true })) {
  if (event.type === "response.output_text.delta") seen.responseStreamed += event.delta;
}
const image = "data:image/png;base64,iVBORw0KGgo=";
const parts = [{ type: "text", text: "Look." }, { type: "image_url", image_url: { url: image } }];
const looked = await openai.chat.completions.create({ model: "gpt-4o", messages: turn(parts) });
seen.image = looked.choices[0].message.content;
seen.models = (await openai.models.list()).data.map((model) => model.id);
seen.embedding = (await openai.embeddings.create({ model: "e", input: "x" })).data[0].embedding.length;
const file = await OpenAI.toFile(Buffer.from("größe"), "größe.txt");
seen.file = (await openai.files.create({ file, purpose: "user_data" })).bytes;

// Anthropic.
seen.message = (await anthropic.messages.create({ ...claude, messages: turn(question) })).content[0].text;
const stream = anthropic.messages.stream({ ...claude, messages: turn(question) });
seen.messageStreamed = await stream.finalText();
const claudeUse = {
  ...claude,
  max_tokens: 2048,
  messages: turn("Please use the tool."),
  tools: [{ name: "weather", input_schema: schema }],
  thinking: { type: "enabled", budget_tokens: 1024 },
};
const used = await anthropic.messages.stream(claudeUse).finalMessage();
seen.blocks = used.content.map((block) => block.type);
const call = used.content.at(-1);
seen.claudeTool = call.input.place;
const claudeResult = { type: "tool_result", tool_use_id: call.id, content: "Sonne ☀" };
claudeUse.messages = [
  ...claudeUse.messages,
  { role: "assistant", content: used.content },
  { role: "user", content: [claudeResult] },
];
seen.claudeToolAnswer = (await anthropic.messages.create(claudeUse)).content.at(-1).text;
const counted = { model: claude.model, messages: turn("How many?") };
seen.tokens = (await anthropic.messages.countTokens(counted)).input_tokens;

// Errors.
const stranger = { ...options, apiKey: apiKey + "x" };
const strangers = [
  new OpenAI.OpenAI({ ...stranger, baseURL: openaiURL }).chat.completions.create(chat),
  new Anthropic.Anthropic({ ...stranger, baseURL: anthropicURL }).messages.create({
    ...claude,
    messages: turn(question),
  }),
];
seen.refused = (await Promise.allSettled(strangers)).map(({ reason }) => [
  reason?.constructor?.name,
  reason?.status,
]);
console.log(JSON.stringify(seen));
