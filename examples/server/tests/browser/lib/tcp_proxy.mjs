import { connect, createServer } from "node:net";

/** A TCP proxy whose connections can be frozen and cut. */
export class TcpProxy {
  #server;
  #pairs = new Set();
  #isOffline = false;
  /** Called with the connection for data of clients, before they are forwarded. */
  onRequest = () => {};

  /** Starts a proxy in front of a `http` URL. */
  static async start(url) {
    const proxy = new TcpProxy();
    const { hostname, port } = new URL(url);
    proxy.#server = createServer((client) => proxy.#accept(client, hostname, Number(port)));
    await new Promise((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  /** The proxy's base URL. */
  get url() {
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  #accept(client, host, port) {
    if (this.#isOffline) {
      client.destroy();
      return;
    }
    const server = connect(port, host);
    const pair = { client, server, isFrozen: false, isDeaf: false };
    this.#pairs.add(pair);
    const end = () => {
      this.#pairs.delete(pair);
      // A frozen connection stays open on the other side.
      if (pair.isFrozen) return;
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      socket.on("error", end);
      socket.on("close", end);
    }
    client.on("data", (data) => {
      if (pair.isFrozen) return;
      this.onRequest(data.toString("latin1"), pair);
      if (!pair.isFrozen) server.write(data);
    });
    server.on("data", (data) => {
      if (!pair.isFrozen && !pair.isDeaf) client.write(data);
    });
  }

  /** Forwards nothing more on the present connections, and leaves them open. */
  freeze() {
    for (const pair of this.#pairs) pair.isFrozen = true;
  }

  /** Cuts all connections, and refuses new ones until `goOnline`. */
  goOffline() {
    this.#isOffline = true;
    this.cut();
  }

  goOnline() {
    this.#isOffline = false;
  }

  /** Cuts all connections. */
  cut() {
    for (const pair of [...this.#pairs]) {
      pair.client.destroy();
      pair.server.destroy();
    }
  }

  async stop() {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
