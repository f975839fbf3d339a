// Every library that has methods beside those that ../drivers call, PyPI's behind npm's.
import { isWhole } from "../drivers/all.mjs";
import { anthropic } from "./anthropic.mjs";
import { google } from "./google.mjs";
import { ollama } from "./ollama.mjs";
import { openai } from "./openai.mjs";

const all = [...openai, ...anthropic, ...google, ...ollama];
export const libraries = [
  ...all.filter(({ isPython }) => !isPython),
  ...all.filter(({ isPython }) => isPython && isWhole),
];
