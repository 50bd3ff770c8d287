#!/bin/sh
/*/ 2> /dev/null # Does nothing: a folder is no program. To JavaScript, this script is a comment. It starts ./echo.ts.
case ${ECHO_RUNTIME:-deno} in
  deno | bun | node) ;;
  *)
    echo "echo.ts: ECHO_RUNTIME is deno, bun or node, not $ECHO_RUNTIME" >&2
    exit 2 ;;
esac
for runtime in ${ECHO_RUNTIME:-deno bun node}; do
  command -v $runtime > /dev/null || continue
  case $runtime in
    deno) exec deno run --allow-ffi "$0" "$@" ;;
    bun) exec bun run "$0" "$@" ;;
    # Node.js takes long to remove types from a file named .ts, and refuses a file without an ending.
    node) exec node -e '
      const file = process.argv[1];
      const program = require("fs").readFileSync(file, "utf8") + "\n//# sourceURL=" + file;
      import("data:text/javascript;base64," + Buffer.from(program).toString("base64"));' -- "$0" "$@" ;;
  esac
done
echo "echo.ts: ${ECHO_RUNTIME:-a runtime} is not in PATH: install Deno 2 (https://deno.com), Bun 1.3 (https://bun.sh)," \
  "Node.js 26.10 (https://nodejs.org), or a later version" >&2
exit 1 # */
