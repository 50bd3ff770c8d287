/** Functions of libc that a test answers itself. */

/** Puts functions in the place of others of the same name, until it is disposed of. */
export function replaced<T extends object>(functions: T, others: { readonly [name in keyof T]?: unknown }): Disposable {
  const originals = Object.fromEntries(Object.keys(others).map((name) => [name, functions[name as keyof T]]));
  Object.assign(functions, others);
  return { [Symbol.dispose]: () => void Object.assign(functions, originals) };
}
