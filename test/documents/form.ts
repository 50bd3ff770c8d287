/** What sample output in the documents and real output have in common: everything except measured values. */

/** Returns text without its measured times, versions, ephemeral ports, and column widths. */
export function form(text: string): string {
  return text.trim()
    .replaceAll(/(?:Deno|Bun|Node\.js) \d+\.\d+\.\d+/g, "RUNTIME")
    .replaceAll(/(?<![\d.])\d+\.\d+(?![\d.])/g, "N")
    .replaceAll(/(127\.0\.0\.1|\[::1\]):\d{5}\b/g, "$1:PORT")
    .replaceAll(/ +/g, " ");
}

/** Returns text without any number; of the histogram in a JSON summary only the first row. */
export function jsonForm(text: string): string {
  return text.trim()
    .replace(/("histogram":\[\{[^}]*\})[^\]]*\]/, "$1]")
    .replaceAll(/\d+(?:\.\d+)*[KMG]?/g, "N");
}
