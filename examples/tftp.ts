/**
 * A TFTP server that sends the files of a folder. RFC 1350; block size, RFC 2348; time-out and size, RFC 2349
 *
 *   deno run --allow-ffi --allow-read examples/tftp.ts 6900 folder      curl tftp://127.0.0.2:6900/file
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { datagrams, serve, SystemError, type UdpRequest, UdpSocket } from "@echo-ts/udp";

const [READ, WRITE, DATA, ACKNOWLEDGEMENT, ERROR, OPTIONS] = [1, 2, 3, 4, 5, 6];
const [NOT_FOUND, ILLEGAL] = [1, 4];
const BLOCK_SIZE = 512;
const RETRIES = 5;

const folder = process.argv[3] ?? ".";
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A packet: numbers of 16 bits, then bytes. */
function packet(numbers: number[], bytes: Uint8Array = new Uint8Array()): Uint8Array {
  return Uint8Array.of(...numbers.flatMap((number) => [number >> 8 & 255, number & 255]), ...bytes);
}

const texts = (...texts: string[]) => encoder.encode(texts.map((text) => `${text}\0`).join(""));
const error = (code: number, message: string) => packet([ERROR, code], texts(message));

/**
 * Sends a packet until it is acknowledged.
 * @throws if the client gives up, or does not answer
 */
async function deliver(socket: UdpSocket, data: Uint8Array, block: number, timeoutMilliseconds: number): Promise<void> {
  const batch = socket.batch(1);
  for (let attempt = 0; attempt < RETRIES; attempt++) {
    socket.send(data);
    const end = performance.now() + timeoutMilliseconds;
    const rest = () => Math.max(0, Math.ceil(end - performance.now()));
    while (await socket.readable({ timeoutMilliseconds: rest() })) {
      socket.tryReceive(batch);
      for (const { payload } of datagrams(batch)) {
        const [, code, high = 0, low = 0] = payload;
        if (code === ERROR) throw new Error(`the client says: ${decoder.decode(payload.subarray(4, -1))}`);
        // An acknowledgement of an earlier block is no reason to send this one again. RFC 1123, 4.2.3.1
        if (code === ACKNOWLEDGEMENT && (high << 8 | low) === (block & 0xffff)) return;
      }
    }
  }
  throw new Error("the client does not answer");
}

/** Sends a file from a port of its own, and from the address that was asked. */
async function transfer({ peer, local }: UdpRequest, file: Uint8Array, options: Map<string, string>): Promise<void> {
  using socket = UdpSocket.bind({ port: 0, address: local.address, trains: false });
  socket.connect(peer);
  const number = (name: string, least: number, most: number) => {
    const value = Number(options.get(name));
    return value >= least && value <= most ? value : undefined;
  };
  const size = number("blksize", 8, 65_464);
  const seconds = number("timeout", 1, 255);
  const accepted = [
    ...size === undefined ? [] : ["blksize", `${size}`],
    ...seconds === undefined ? [] : ["timeout", `${seconds}`],
    ...options.has("tsize") ? ["tsize", `${file.length}`] : [],
  ];
  const timeout = (seconds ?? 1) * 1000;
  if (accepted.length > 0) await deliver(socket, packet([OPTIONS], texts(...accepted)), 0, timeout);
  const blockSize = size ?? BLOCK_SIZE;
  // A block that is not full is the last one: it may be empty.
  for (let block = 1, at = 0; at <= file.length; block++, at += blockSize) {
    await deliver(socket, packet([DATA, block], file.subarray(at, at + blockSize)), block, timeout);
  }
}

async function answer(request: UdpRequest): Promise<Uint8Array | undefined> {
  const { payload } = request;
  if (payload[1] === WRITE) return error(ILLEGAL, "this server is read-only");
  if (payload[1] !== READ) return undefined;
  const [name = "", , ...rest] = decoder.decode(payload.subarray(2)).split("\0");
  const options = new Map<string, string>();
  for (let i = 0; i + 1 < rest.length; i += 2) options.set(rest[i]!.toLowerCase(), rest[i + 1]!);
  if (name.split("/").includes("..")) return error(ILLEGAL, "the name leaves the folder");
  const file = await readFile(join(folder, name)).catch(() => undefined);
  if (file === undefined) return error(NOT_FOUND, "no such file");
  console.log(`${name}: ${file.length} bytes to ${request.peer.address}, who asked ${request.local.address}`);
  await transfer(request, file, options);
}

await serve({
  port: Number(process.argv[2] ?? 69),
  maxPending: 100,
  onListen: ({ socket }) => console.log(`sending the files of ${folder} on ${socket.endpoint}`),
  onError: (error, request) => {
    const reason = error instanceof SystemError || error instanceof Error ? error.message : error;
    console.error(`${request?.peer.address}: ${reason}`);
  },
}, answer);
