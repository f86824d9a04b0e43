// A TCP proxy that cuts and freezes connections.

import { connect, createServer } from "node:net";

export class Relay {
  #listener;
  #pairs = new Set();
  #isVote = /^(POST|DELETE) \/api\/polls\/[^/]+\/vote/;
  /** What happens to the answer of the next vote: `cut`, `freeze` or nothing. */
  #nextVote = "";
  #refuses = false;
  /** Number of requests of votes that were forwarded. */
  votes = 0;

  /** Starts a relay in front of a port. It ends with the test. */
  static async start(test, port) {
    const relay = new Relay();
    relay.#listener = createServer((client) => relay.#forward(client, port));
    await new Promise((resolve) => relay.#listener.listen(0, "127.0.0.1", resolve));
    test.after(() => {
      relay.#listener.close();
      relay.cut();
    });
    relay.url = `http://127.0.0.1:${relay.#listener.address().port}`;
    return relay;
  }

  #forward(client, port) {
    if (this.#refuses) return client.destroy();
    const server = connect(port, "127.0.0.1");
    const pair = { client, server, isFrozen: false };
    this.#pairs.add(pair);
    let cutsAtAnswer = false;
    const end = () => {
      this.#pairs.delete(pair);
      client.destroy();
      server.destroy();
    };
    client.on("data", (chunk) => {
      if (pair.isFrozen) return;
      if (this.#isVote.test(chunk.toString("latin1"))) {
        this.votes += 1;
        cutsAtAnswer = this.#nextVote === "cut";
        pair.isFrozen = this.#nextVote === "freeze";
        this.#nextVote = "";
      }
      server.write(chunk);
    });
    server.on("data", (chunk) => {
      if (cutsAtAnswer) end();
      else if (!pair.isFrozen) client.write(chunk);
    });
    for (const socket of [client, server]) {
      socket.on("error", () => {});
      // A frozen connection stays open on the other side.
      socket.on("close", () => pair.isFrozen || end());
    }
  }

  get connections() {
    return this.#pairs.size;
  }

  /** Ends all connections. */
  cut() {
    for (const { client, server } of this.#pairs) {
      client.destroy();
      server.destroy();
    }
    this.#pairs.clear();
  }

  /** Drops all further bytes of the present connections, which stay open. New connections are
   *  not affected. */
  freeze() {
    for (const pair of this.#pairs) pair.isFrozen = true;
  }

  /** Whether new connections are ended at once. */
  refuse(refuses) {
    this.#refuses = refuses;
  }

  /** Forwards the next vote. When its answer arrives, the connection is cut, or is frozen. */
  loseNextAnswer(how) {
    this.#nextVote = how;
  }
}
