// What most features ask and are answered.
export const question = [{ role: "user", text: "2+2?" }];
export const four = { text: ["fo", "ur"] };

export const feature = (name, title, run) => ({ name, title, run });
