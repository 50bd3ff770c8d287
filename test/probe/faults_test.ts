/** What the probe says of a server that loses, repeats, delays, reorders and alters datagrams on purpose: exact counts. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { LONG } from "../support/process.ts";
import { type Answer, misbehave, probe, probeOne, type ProbeResult } from "../support/probe.ts";

/** Probes a server that behaves so; `args` come behind the target. */
async function probeFaulty(
  behave: (payload: Uint8Array, number: number, answer: Answer) => void,
  args: string[],
): Promise<ProbeResult> {
  const server = await misbehave(behave);
  try {
    return await probe([server.target, ...args]);
  } finally {
    server.close();
  }
}

/** The counts of a result's only target that are not 0. */
function counts({ targets: [target] }: ProbeResult): Record<string, number> {
  const names = ["sent", "received", "lost", "late", "wrong_source", "corrupted", "failed", "waiting"] as const;
  const all = [...names, "duplicates", "reordered", "stray"] as const;
  return Object.fromEntries(all.map((name) => [name, target![name]] as const).filter(([, count]) => count > 0));
}

// A time-out that answers of a busy machine keep.
const FAST = ["--interval", "5ms", "--timeout", "3s"];

describe("probe: faults are told apart and counted exactly", () => {
  test("nothing wrong", async () => {
    const result = await probeFaulty((payload, _, answer) => answer(payload), ["-c", "40", ...FAST]);
    assert.deepEqual(counts(result), { sent: 40, received: 40 });
    assert.deepEqual(result.replies.map(({ sequence }) => sequence), Array.from({ length: 40 }, (_, i) => i + 1));
    assert.equal(result.targets[0]!.verdict, "ok");
  });

  test("alteration of any byte, of header and filling", async () => {
    const result = await probeFaulty((payload, i, answer) => {
      if (i % 2 === 0) payload[i / 2 % payload.length]! ^= 1 << i % 8;
      answer(payload);
    }, ["-c", "128", "--interval", "2ms"]);
    assert.deepEqual(counts(result), { sent: 128, received: 64, corrupted: 64 });
    const altered = result.replies.filter(({ kind }) => kind === "corrupted").map(({ sequence }) => sequence);
    assert.deepEqual(altered, Array.from({ length: 64 }, (_, i) => (i + 1) * 2));
    assert.equal(result.targets[0]!.verdict, "corrupted");
    assert.match(result.targets[0]!.explanation!, /64 of 128 answers .* did not match the request/);
  });

  test("answers that are cut, lengthened, empty, or of other bytes", async () => {
    const result = await probeFaulty((payload, i, answer) => {
      if (i === 1) answer(payload.subarray(0, 63));
      else if (i === 2) answer(new Uint8Array([...payload, 0]));
      else if (i === 3) answer(new Uint8Array());
      else if (i === 4) answer(new TextEncoder().encode("who are you?"));
      else answer(payload);
    }, ["-c", "6", ...FAST]);
    assert.deepEqual(counts(result), { sent: 6, received: 2, corrupted: 4 });
    assert.deepEqual(result.replies.slice(0, 4).map(({ sequence, bytes }) => [sequence, bytes]), [
      [1, 63],
      [2, 65],
      [3, 0],
      [4, 12],
    ]);
    assert.match(result.targets[0]!.explanation!, /12 bytes instead of 64/);
  });

  test("the header of one request with the filling of another", async () => {
    let before: Uint8Array = new Uint8Array(64);
    const result = await probeFaulty((payload, i, answer) => {
      answer(i % 2 === 0 ? new Uint8Array([...payload.subarray(0, 16), ...before.subarray(16)]) : payload);
      before = payload;
    }, ["-c", "20", ...FAST]);
    assert.deepEqual(counts(result), { sent: 20, received: 10, corrupted: 10 });
  });

  test("answers of an earlier session are stray", async () => {
    const old: Uint8Array[] = [];
    const first = await probeFaulty((payload, _, answer) => {
      old.push(payload);
      answer(payload);
    }, ["-c", "10", ...FAST]);
    assert.deepEqual(counts(first), { sent: 10, received: 10 });
    const second = await probeFaulty((payload, i, answer) => {
      answer(old[i - 1]!);
      answer(payload);
    }, ["-c", "10", ...FAST]);
    assert.deepEqual(counts(second), { sent: 10, received: 10, stray: 10 });
  });

  test("all at once", async () => {
    const kept: Uint8Array[] = [];
    const result = await probeFaulty((payload, i, answer) => {
      switch (i % 10) {
        case 1:
          return;
        case 2:
          answer(payload);
          return answer(payload);
        case 3:
          payload[40]! ^= 0xff;
          return answer(payload);
        case 4:
          return void kept.push(payload);
        case 6:
          answer(payload);
          return answer(kept.pop()!);
        default:
          return answer(payload);
      }
    }, ["-c", "100", ...FAST]);
    assert.deepEqual(counts(result), {
      sent: 100,
      received: 80,
      lost: 10,
      corrupted: 10,
      duplicates: 10,
      reordered: 10,
    });
    assert.equal(result.targets[0]!.verdict, "corrupted");
  });
});

describe("probe: payloads smaller than the header are matched as far as they go", () => {
  test("loss and duplication with few bytes", LONG, async () => {
    const results = [0, 1, 2, 3, 4, 7, 8, 15, 16, 17].map(async (size) => {
      const sizes = new Set<number>();
      const result = await probeFaulty((payload, i, answer) => {
        sizes.add(payload.length);
        if (i % 4 === 2) answer(payload);
        if (i % 4 !== 0) answer(payload);
      }, ["-c", "40", "-s", String(size), ...FAST]);
      assert.deepEqual(sizes, new Set([size]));
      // One in four is lost, one in four is doubled.
      if (size > 0) assert.deepEqual(counts(result), { sent: 40, received: 30, lost: 10, duplicates: 10 }, `${size}`);
      // An empty one is taken for the answer to the oldest request that waits.
      else assert.equal(result.replies.length, 40);
    });
    await Promise.all(results);
  });

  test("a wrong answer of few bytes is seen, where it is not the answer to another request", async () => {
    for (const size of [5, 12]) {
      const result = await probeFaulty((payload, i, answer) => {
        if (i % 2 === 0) payload[size - 1]! ^= 1;
        answer(payload);
      }, ["-c", "20", "-s", String(size), ...FAST]);
      assert.deepEqual(counts(result), { sent: 20, received: 10, corrupted: 10 });
    }
  });

  test("one byte wraps around after 256 requests", LONG, async () => {
    const server = await misbehave((payload, _, answer) => answer(payload));
    const target = await probeOne([server.target, "-c", "700", "-s", "1", "--interval", "0", "-t", "10s"]).finally(
      server.close,
    );
    assert.deepEqual([target.sent, target.received, target.reordered, target.duplicates], [700, 700, 0, 0]);
  });
});
