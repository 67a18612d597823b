/** Texts in Russian; the same keys as en.js. */
export default {
  // problems
  "problem.lost": "Связь прервалась. Она восстановится сама.",
};
