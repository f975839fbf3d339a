// What a method of a library is asked and gives back, whichever library it is.
//
// A library is {name, library, label, isPython, methods, connect(url, key)}; connect gives {failure} and the
// operations that its methods need, each of one ask:
//   list({pageSize, before, isBeta})  {first, models}; `first` is how many the first page held
//   retrieve({model, isBeta})         a model: {id, title, context, maxOutput}, or what there is of it
//   count({model, text, isBeta, system, tool, thinks})
//                                     {tokens, isEstimate}; `tool` is {name, description, schema}
//   complete(ask), completeStream(ask), of {model, prompt, system, maxTokens, more}
//                                     {text, finish, usage: {input, output}, pieces}; `pieces` of a stream
//   embed({model, texts, dimensions, isOlder, format})
//                                     {vectors, tokens}, the latter where the library shows it
//   ps()                              {models}, as the server tells of them
// and such as the gateway refuses. `more` goes into the request as it is. A method is a feature (see
// ../features.mjs) with `on`, the columns it has, and `limits`, what it cannot do: {column: {reason, instead}}.
import { dialects } from "../upstreams/server.mjs";
import { feature } from "../words.mjs";

// The column of what no provider has a part in.
export const any = "any";
export const every = Object.keys(dialects);

export const method = (name, title, on, run, limits = {}) => ({ ...feature(name, title, run), on, limits });

// The same limit at each of these.
export const limitsAt = (columns, limit) => Object.fromEntries(columns.map((column) => [column, limit]));
