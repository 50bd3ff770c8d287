// The function serve of the library, with an echo handler.
import process from "node:process";
import { serve } from "../../src/mod.ts";

await serve({ port: Number(process.argv[2]) }, ({ payload }) => payload);
