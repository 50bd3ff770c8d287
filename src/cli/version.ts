/** The program's version, as in `package.json` and `deno.json`; a test compares the three. Semantic versioning. */
export const VERSION = "0.1.0";
