/** What a simulation finds. */

/** The program has done what it must not do, or has not done what it must. */
export class Violation extends Error {
  override name = "Violation";
}
