/** Servers with hostile options and handlers. */
import { serve, type UdpServer } from "../../src/mod.ts";
import { sendTo } from "./intrinsics.ts";
import type { World } from "./world.ts";

/** Starts a server, which stops at the end of the round. */
export function startServer(world: World): void {
  const { random } = world;
  const values = world.values;
  const stop = new AbortController();
  world.stops.push(() => stop.abort());
  const perhaps = (probability: number) => {
    if (random.chance(probability)) world.mischief();
  };
  const answer = () => {
    perhaps(0.2);
    const reply = random.chance(0.7) ? values.payload() : values.anything();
    if (random.chance(0.6)) return reply;
    return random.chance(0.7) ? Promise.resolve(reply) : Promise.reject(new Error("mischief"));
  };
  if (random.chance(0.3)) {
    const { removeEventListener } = stop.signal;
    Object.defineProperty(stop.signal, "removeEventListener", {
      value: (...args: Parameters<AbortSignal["removeEventListener"]>) => {
        removeEventListener.apply(stop.signal, args);
        perhaps(0.8);
      },
    });
  }
  const options = Object.assign(values.bindOptions(), {
    address: random.pick(["127.0.0.1", "::1", undefined]),
    signal: stop.signal,
    onListen: (server: UdpServer) => {
      const { socket } = server;
      world.keep(server);
      world.keep(socket);
      for (let i = 0; i < 3; i++) {
        world.attempt("request", () => {
          sendTo.call(world.receiver, Uint8Array.of(0xd1, 0xd2, 0xd3), {
            to: { address: "127.0.0.1", port: socket.port },
          });
        });
      }
      perhaps(0.3);
    },
    onError: () => {
      perhaps(0.2);
      return random.chance(0.1) ? Promise.reject(new Error("mischief")) : undefined;
    },
  });
  const handler = (request: object) => {
    for (const value of Object.values(request)) world.keep(value);
    return answer();
  };
  world.attempt("serve", () => Reflect.apply(serve, undefined, [options, handler]));
}
