/** Texts in English, by view. `{name}` is a value; an object has plural forms by `{n}`. */
export default {
  // problems
  "problem.lost": "The connection is lost. It comes back by itself.",
};
