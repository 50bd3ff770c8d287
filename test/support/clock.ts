/** A clock that only a test sets, in the place of `performance.now` until it is disposed of. */
export class TestClock implements Disposable {
  /** The time, in milliseconds. */
  now = 1000;
  readonly #original = performance.now;

  constructor() {
    performance.now = () => this.now;
  }

  [Symbol.dispose](): void {
    performance.now = this.#original;
  }
}
