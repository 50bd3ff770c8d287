/**
 * The kernel's constants for users of the library.
 * @module
 */

import * as kernel from "../../ffi/constants.ts";

/**
 * The kernel's constants that the library knows, under the kernel's names, for `setOption` and for error numbers:
 * `constants.IPPROTO_IP`, `constants.IP_RECVERR`, `constants.EAGAIN`. `ffi/constants.ts` names the headers.
 */
export const constants: typeof kernel = kernel;
