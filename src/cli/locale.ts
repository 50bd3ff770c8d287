/**
 * The character encoding of the user's locale.
 * @module
 */

import { environmentVariable } from "../../ffi/terminal.ts";

/** Whether the locale's encoding is UTF-8; `undefined` if no locale is set. locale(7) */
export function localeIsUtf8(): boolean | undefined {
  const locale = environmentVariable("LC_ALL") || environmentVariable("LC_CTYPE") || environmentVariable("LANG");
  return locale === "" ? undefined : /utf-?8/i.test(locale);
}
