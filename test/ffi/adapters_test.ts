/** The adapters to the runtimes, each with a runtime that the test plays. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { bunRuntime } from "../../ffi/bun.ts";
import { LibraryError, type Pointer, type Runtime } from "../../ffi/contract.ts";
import { type DenoGlobal, denoRuntime } from "../../ffi/deno.ts";
import { nodeRuntime } from "../../ffi/node.ts";
import { type ProcessGlobal, translate } from "../../ffi/process_runtime.ts";

const LIBRARIES = ["libc.so.6", "/lib/libc.so.6", "/usr/lib/libc.so.6"];
const signatures = { poll: { parameters: ["pointer", "u32", "i32"], result: "i32" } } as const;

/** The message of the `LibraryError` that a call throws. */
function refusal(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    assert.ok(error instanceof LibraryError, `${error}`);
    return error.message;
  }
  assert.fail("no error");
}

/** An error with a name or further properties. */
const failure = (message: string, properties: object = {}) => Object.assign(new Error(message), properties);

/** Asserts that an adapter requires a version, and 64-bit Linux. */
function assertRequires(
  make: (version: string, os: string, arch: string) => Runtime,
  { old, least, upgrade, arch = "x64" }: { old: string; least: string; upgrade: string; arch?: string },
): void {
  const sentence = "is too old: it needs Deno 2, Bun 1.3, Node.js 26.10, or later";
  assert.equal(
    refusal(() => make(old, "linux", arch).ffi),
    `${make(old, "linux", arch).name} ${sentence}; try: ${upgrade}`,
  );
  const { ffi } = make(least, "linux", arch);
  assert.equal(typeof ffi.load, "function");
  const needs = "it needs 64-bit Linux on x86-64 or aarch64";
  assert.match(refusal(() => make(least, "darwin", arch).ffi), new RegExp(`^not supported on darwin x64: ${needs}$`));
  assert.match(refusal(() => make(least, "linux", "ia32").ffi), new RegExp(`^not supported on linux ia32: ${needs}$`));
}

describe("the adapter to Deno", () => {
  /** A Deno that has granted some libraries, and in which opening one does what the test says. */
  function deno(
    granted: readonly string[] = [],
    open: (path: string) => void = () => {},
    [version, os, arch] = ["2.9.5", "linux", "x86_64"],
  ) {
    const opened: string[] = [];
    const done: unknown[] = [];
    const global: DenoGlobal = {
      version: { deno: version! },
      build: { os: os!, arch: arch! },
      args: ["one", "two"],
      addSignalListener: (signal, handler) => {
        done.push(signal);
        handler();
      },
      exit: (code) => {
        done.push(code);
        throw new Error("exit");
      },
      dlopen: (path, symbols) => {
        opened.push(path);
        open(path);
        const { addressOf, pointer, ...others } = symbols;
        assert.deepEqual([addressOf?.name, pointer?.name], ["memcpy", "memcpy"]);
        assert.deepEqual(others, signatures);
        return {
          symbols: {
            poll: (...values: unknown[]) => values,
            addressOf: (...values: unknown[]) => BigInt((values[0] as ArrayBuffer).byteLength + (values[2] as number)),
            pointer: (...values: unknown[]) => `pointer ${values}`,
          },
        };
      },
      permissions: {
        querySync: (descriptor) => {
          const what = descriptor.name === "ffi" ? descriptor.path : descriptor.host;
          return { state: granted.includes(what) ? "granted" : "prompt" };
        },
      },
    };
    return { runtime: denoRuntime(global), opened, done };
  }
  const missing = (path: string) => {
    throw failure(`Could not open library: Could not open library: ${path}:\n  No such file`);
  };

  test("has the name, the arguments, the signals and the end of Deno", () => {
    const { runtime, done } = deno(["127.0.0.1:9100"]);
    let handled = 0;
    runtime.onSignal("SIGHUP", () => handled++);
    assert.throws(() => runtime.exit(3), /exit/);
    assert.deepEqual([done, handled], [["SIGHUP", 3], 1]);
    assert.deepEqual([runtime.name, runtime.arch, runtime.args], ["Deno 2.9.5", "x64", ["one", "two"]]);
    assert.deepEqual(["127.0.0.1:9100", "0.0.0.0:9100"].map((host) => runtime.mayListen!(host)), [true, false]);
    const arch = (name: string) => deno([], undefined, ["2.9.5", "linux", name]).runtime.arch;
    assert.deepEqual(["aarch64", "x86_64", "riscv64"].map(arch), ["arm64", "x64", "riscv64"]);
  });

  test("requires Deno 2", () => {
    const names: Record<string, string> = { x64: "x86_64" };
    assertRequires((version, os, arch) => deno([], undefined, [version, os, names[arch] ?? arch]).runtime, {
      ...{ old: "1.46.3", least: "2.0.0", upgrade: "deno upgrade" },
    });
  });

  test("loads functions, and leads to addresses by memcpy of no bytes", () => {
    const { runtime } = deno(LIBRARIES);
    const { call, addressOf, pointer } = runtime.ffi.load(LIBRARIES, signatures);
    assert.deepEqual(Object.keys(call), ["poll"]);
    assert.equal(addressOf(new ArrayBuffer(77)), 77);
    assert.equal(pointer(99) as unknown, "pointer 99,99,0");
    assert.equal(runtime.ffi.module, undefined);
  });

  test("opens the first library that exists, of those that the user has granted, or else the first", () => {
    const tried = (granted: readonly string[], existing: readonly string[]) => {
      const { runtime, opened } = deno(granted, (path) => existing.includes(path) || missing(path));
      try {
        runtime.ffi.load(LIBRARIES, signatures);
      } catch (error) {
        assert.ok(error instanceof LibraryError);
        return [...opened, "none"];
      }
      return opened;
    };
    const [first, second, third] = LIBRARIES as [string, string, string];
    assert.deepEqual(tried(LIBRARIES, LIBRARIES), [first]);
    assert.deepEqual(tried(LIBRARIES, [third]), [first, second, third]);
    assert.deepEqual(tried([second], LIBRARIES), [second]);
    assert.deepEqual(tried([second], [first]), [second, "none"]);
    assert.deepEqual(tried([first, third], [third]), [first, third]);
    assert.deepEqual(tried([], LIBRARIES), [first], "Deno asks the user");
    assert.deepEqual(tried([], [second]), [first, "none"], "but once");
  });

  test("tells why none can be loaded, in one line, or which permission is missing", () => {
    const load = (open: (path: string) => void) => deno(LIBRARIES, open).runtime.ffi.load(LIBRARIES, signatures);
    assert.equal(refusal(() => load(missing)), "cannot load libc: libc.so.6: No such file");
    for (const name of ["NotCapable", "PermissionDenied"]) {
      assert.equal(
        refusal(() =>
          load(() => {
            throw failure("no", { name });
          })
        ),
        "Deno does not allow the call into libc; start it with the permission: deno run --allow-ffi …",
      );
    }
  });
});

/** A global `process` with a module of its own for `dlopen`. */
function processOf(module: unknown, version: string, [platform, arch] = ["linux", "x64"]) {
  const done: unknown[] = [];
  const process: ProcessGlobal = {
    argv: ["runtime", "program", "one", "two"],
    platform: platform!,
    arch: arch!,
    versions: { node: version },
    on: (event, handler) => {
      done.push(event);
      handler();
    },
    exit: (code) => {
      done.push(`exit ${code}`);
      throw new Error("exit");
    },
    getBuiltinModule: (name) => {
      done.push(name);
      process.emitWarning(name, "ExperimentalWarning");
      process.emitWarning(name, "OtherWarning");
      if (module instanceof Error) throw module;
      return module;
    },
    emitWarning: (warning, type) => void done.push(`${warning} ${type}`),
  };
  return { process, done };
}

for (
  const { name, make, old, least, upgrade, module, moduleName, dlopen, prefix } of [
    {
      name: "Node.js",
      make: (process: ProcessGlobal) => nodeRuntime(process),
      ...{ old: "26.9.1", least: "26.10.0", upgrade: "npx node@26 echo.ts …", moduleName: "node:ffi" },
      module: { getRawPointer: ({ byteLength }: ArrayBuffer) => BigInt(byteLength) },
      dlopen: "functions",
      prefix: () => "dlopen failed: ",
    },
    {
      name: "Bun",
      make: (process: ProcessGlobal, version: string) => bunRuntime(process, version),
      ...{ old: "1.2.99", least: "1.3.0", upgrade: "bun upgrade", moduleName: "bun:ffi" },
      module: { ptr: ({ byteLength }: ArrayBuffer) => byteLength },
      dlopen: "symbols",
      prefix: (path: string) => `Failed to open library "${path}": `,
    },
  ]
) {
  describe(`the adapter to ${name}`, () => {
    const expected = name === "Bun"
      ? { poll: { args: ["pointer", "u32", "i32"], returns: "i32" } }
      : { poll: { arguments: ["pointer", "u32", "i32"], return: "i32" } };

    /** A runtime in which opening a library does what the test says. */
    function runtimeOf(open: (path: string) => void = () => {}) {
      const opened: string[] = [];
      const load = (path: string, definitions: unknown) => {
        opened.push(path);
        open(path);
        assert.deepEqual(definitions, expected);
        return { [dlopen]: { poll: () => 7 } };
      };
      const { process, done } = processOf({ ...module, dlopen: load }, least);
      return { runtime: make(process, least), process, opened, done };
    }

    test("has the name, the arguments and the signals of the process", () => {
      const { runtime, done } = runtimeOf();
      let handled = 0;
      runtime.onSignal("SIGHUP", () => handled++);
      assert.deepEqual([done, handled, runtime.mayListen], [["SIGHUP"], 1, undefined]);
      assert.deepEqual([runtime.name, runtime.arch, runtime.args], [`${name} ${least}`, "x64", ["one", "two"]]);
    });

    test("requires its version", () => {
      assertRequires(
        (version, ...system) => make(processOf({ ...module, dlopen: () => {} }, version, system).process, version),
        {
          ...{ old, least, upgrade },
        },
      );
    });

    test("loads functions and makes pointers", () => {
      const { runtime } = runtimeOf();
      const { call, addressOf, pointer } = runtime.ffi.load(LIBRARIES, signatures);
      assert.equal(call.poll(null, 0, 0), 7);
      assert.equal(addressOf(new ArrayBuffer(77)), 77);
      assert.equal(pointer(99), (name === "Bun" ? 99 : 99n) as unknown as Pointer);
    });

    test("opens the first library that exists; tells why the first could not be opened", () => {
      const missing = (path: string) => {
        throw failure(`${prefix(path)}${path}:\n  No such file`);
      };
      const found = runtimeOf((path) => path === LIBRARIES[1] || missing(path));
      found.runtime.ffi.load(LIBRARIES, signatures);
      assert.deepEqual(found.opened, LIBRARIES.slice(0, 2));
      const none = runtimeOf(missing);
      assert.equal(
        refusal(() => none.runtime.ffi.load(LIBRARIES, signatures)),
        "cannot load libc: libc.so.6: No such file",
      );
      assert.deepEqual(none.opened, LIBRARIES);
    });

    test("gives a thread the module", () => {
      const module = runtimeOf().runtime.ffi.module!;
      assert.deepEqual([module.name, translate(module, signatures)], [moduleName, expected]);
      assert.equal(module.reasonOf(failure(`${prefix("path")}no`)), "no");
    });
  });
}

describe("the adapter to Node.js", () => {
  test("loads node:ffi without the warning that it is experimental, and with any other", () => {
    const { process, done } = processOf({ dlopen: () => {}, getRawPointer: () => 0n }, "26.10.0");
    const { emitWarning } = process;
    nodeRuntime(process).ffi;
    assert.deepEqual(done, ["node:ffi", "node:ffi OtherWarning"]);
    assert.equal(process.emitWarning, emitWarning);
  });

  test("tells that this Node.js has no node:ffi, and which permission is missing", () => {
    const { process } = processOf(undefined, "27.0.0");
    assert.equal(
      refusal(() => nodeRuntime(process).ffi),
      "Node.js 27.0.0 lacks node:ffi: --no-experimental-ffi switches it off, or this build never had it; " +
        "try: npx node@26 echo.ts …",
    );
    const denied = (permission: string) => {
      const dlopen = () => {
        throw failure("no", { permission });
      };
      return refusal(() => nodeRuntime(processOf({ dlopen }, "27.0.0").process).ffi.load(LIBRARIES, signatures));
    };
    assert.equal(
      denied("FFI"),
      "Node.js does not allow the call into libc; start it with the permission: node --permission --allow-ffi …",
    );
  });

  test("ends the process by _exit, or else by process.exit", () => {
    const ends: unknown[] = [];
    const dlopen = (path: unknown, definitions: unknown) => {
      assert.deepEqual([path, definitions], [null, { _exit: { arguments: ["i32"], return: "i32" } }]);
      return { functions: { _exit: (code: number) => ends.push(code) } };
    };
    for (const [module, by] of [[{ dlopen }, [3]], [failure("no permission"), []], [undefined, []]] as const) {
      ends.length = 0;
      const { process, done } = processOf(module, "27.0.0");
      assert.throws(() => nodeRuntime(process).exit(3), /exit/);
      assert.deepEqual([ends, done.at(-1)], [by, "exit 3"]);
    }
  });
});
