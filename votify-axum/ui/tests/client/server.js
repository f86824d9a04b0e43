// Starts the server program, and polls on it.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { VotifyClient } from "../../votify.js";

const PROGRAM = process.env.VOTIFY_PROGRAM;

/** A server with a SQLite file in a temporary folder. */
export class TestServer {
  #folder;
  #child;
  #options;

  /** Starts a server on a free port. It ends with the test. */
  static async start(test, options = []) {
    assert.ok(PROGRAM, "set VOTIFY_PROGRAM to the path of the program `votify`");
    const server = new TestServer();
    server.#folder = await mkdtemp(join(tmpdir(), "votify-client-"));
    server.#options = options;
    await server.#spawn("127.0.0.1:0");
    test.after(async () => {
      await server.kill();
      await rm(server.#folder, { recursive: true });
    });
    return server;
  }

  async #spawn(listen) {
    const limits = ["--vote-rate", "--session-rate", "--poll-rate", "--owner-poll-rate", "--poll-bytes-rate"];
    const isSet = (name) => this.#options.includes(name);
    const unlimited = limits.filter((name) => !isSet(name)).flatMap((name) => [name, "off"]);
    this.#child = spawn(PROGRAM, ["serve", "--listen", listen, ...unlimited, ...this.#options], {
      cwd: this.#folder,
      env: { PATH: process.env.PATH },
      stdio: ["ignore", "pipe", "inherit"],
    });
    process.once("exit", () => this.#child.kill("SIGKILL"));
    for await (const line of createInterface(this.#child.stdout)) {
      const [, url] = line.match(/^listening on (\S+)/) ?? [];
      if (url) {
        this.url = url;
        this.#child.stdout.resume();
        return;
      }
    }
    assert.fail("the server did not start");
  }

  get port() {
    return Number(new URL(this.url).port);
  }

  async kill() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill("SIGKILL");
    await exit;
  }

  /** Starts the server again, at the same address and with the same file. */
  async restart() {
    await this.#spawn(new URL(this.url).host);
  }

  client(options = {}) {
    return new VotifyClient({ server: this.url, ...options });
  }
}

/** Creates a poll with the options Pizza and Sushi. Returns its id and those of its options. */
export async function createPoll(owner, fields = {}) {
  const poll = await owner.createPoll({ title: "Lunch?", options: ["Pizza", "Sushi"], ...fields });
  return { id: poll.id, options: poll.options.map(({ id }) => id) };
}

/** Counts a vote of a new voter, in one request. */
export async function castVote(server, poll, option = 0) {
  const body = { option_id: poll.options[option] };
  await server.client().request("POST", `api/polls/${poll.id}/vote`, { body });
}

/** Opens a stream that ends with the test, and waits until it is live. */
export async function watchLive(test, client, poll, options = {}) {
  const stream = client.watch(poll.id, options);
  test.after(() => stream.close());
  await stateOf(stream, ({ connection }) => connection === "live");
  return stream;
}

/** Waits for a state. Rejects if the stream ends before, or if the signal is aborted. */
export function stateOf(stream, predicate, signal) {
  return new Promise((resolve, reject) => {
    const check = () => {
      const { ended, error } = stream.state;
      if (predicate(stream.state)) resolve(stream.state);
      else if (ended) reject(error ?? new Error(`the stream ended: ${ended}`));
    };
    stream.addEventListener("change", check);
    signal?.addEventListener("abort", () => reject(signal.reason));
    check();
  });
}

/** Waits for a state, and returns the time that it took, in milliseconds. */
export async function timeUntil(stream, predicate, limit = 30_000) {
  const start = Date.now();
  try {
    await stateOf(stream, predicate, AbortSignal.timeout(limit));
  } catch (error) {
    assert.fail(`${error}: the state is ${JSON.stringify(stream.state)}`);
  }
  return Date.now() - start;
}

/** Asserts at each change that the position never goes back. Returns all positions. */
export function recordPositions(stream) {
  const positions = [];
  stream.addEventListener("change", () => {
    const { position } = stream.state;
    const [epoch, revision] = (position ?? "0-0").split("-").map(Number);
    const [lastEpoch, lastRevision] = positions.at(-1) ?? [0, 0];
    assert.ok(epoch > lastEpoch || (epoch === lastEpoch && revision >= lastRevision), `${position} after ${positions.at(-1)}`);
    positions.push([epoch, revision]);
  });
  return positions;
}
