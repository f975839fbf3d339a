// Every client library that is there.
import { ai } from "./ai.mjs";
import { anthropic } from "./anthropic.mjs";
import { google } from "./google.mjs";
import { ollama } from "./ollama.mjs";
import { chat, responses } from "./openai.mjs";
import { closePython, hasPython, pythonDrivers } from "./python.mjs";

export { closePython };
export const isWhole = hasPython();
export const drivers = [chat, responses, anthropic, google, ollama, ...ai, ...(isWhole ? pythonDrivers : [])];
