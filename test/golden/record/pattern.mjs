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

// A case's document as a vendor's server would write it: nothing that is optional, the first of two
// spellings, and names in place of placeholders.
export function concrete(value) {
  if (Array.isArray(value)) return value.map(concrete);
  if (typeof value === "string") {
    const match = /^<id:item(\d+)>$/.exec(value);
    return match ? `item_67ccd2bf17f0819081ff3bb2cf65${match[1]}` : value;
  }
  if (value === null || typeof value !== "object") return value;
  if (value["<one of>"]) return concrete(value["<one of>"][0]);
  const kept = Object.entries(value).filter(([, member]) => !("<if given>" in Object(member)));
  return Object.fromEntries(kept.map(([key, member]) => [key, concrete(member)]));
}
