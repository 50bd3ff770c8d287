// The library's serve with an echo handler, beside the runtimes' own sockets.
import process from "node:process";
import { serve } from "../../src/mod.ts";

await serve({ port: Number(process.argv[2]) }, ({ payload }) => payload);
