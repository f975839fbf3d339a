// The pattern language of a case's expected side, as test/golden/README.md explains it.
export const any = "<any>";
export const count = "<count>";
export const time = "<time>";
export const id = (name) => `<id:${name}>`;
export const ifGiven = (value) => ({ "<if given>": value });
export const oneOf = (...values) => ({ "<one of>": values });

// `object` without the members that are undefined.
export const given = (object) =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
