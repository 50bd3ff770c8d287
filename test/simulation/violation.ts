/** Failures of a simulation. */

/** The program violated an invariant. */
export class Violation extends Error {
  override name = "Violation";
}
