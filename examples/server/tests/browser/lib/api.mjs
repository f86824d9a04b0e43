import { setTimeout as sleep } from "node:timers/promises";

/** How long a busy server is asked again, in milliseconds. Passwords are hashed at low priority. */
const PATIENCE = 60_000;

/** A client of the server's API with a cookie jar, to act as another person. */
export class Api {
  #url;
  #cookies = new Map();

  /** Creates a client. A request without cookies is a person of its own. */
  constructor(url) {
    this.#url = url;
  }

  /** Sends a request. Returns its status and its JSON body. */
  async send(method, path, body) {
    const headers = { cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ") };
    if (body !== undefined) headers["content-type"] = "application/json";
    const response = await fetch(this.#url + path, { method, headers, body: body && JSON.stringify(body) });
    for (const line of response.headers.getSetCookie()) {
      const [name, value] = line.split(";")[0].split("=");
      this.#cookies.set(name, value);
    }
    const text = await response.text();
    return { status: response.status, body: text ? JSON.parse(text) : undefined };
  }

  /** Sends a request that must succeed, again while the server is overloaded. Returns its JSON body. */
  async call(method, path, body) {
    let response = await this.send(method, path, body);
    const end = performance.now() + PATIENCE;
    while (response.body?.code === "overloaded" && performance.now() < end) {
      await sleep(1_000 * response.body.retry_after);
      response = await this.send(method, path, body);
    }
    if (response.status >= 300) {
      throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(response.body)}`);
    }
    return response.body;
  }

  /** Creates a poll with two options. `fields` may replace them and add others. */
  createPoll(fields = {}) {
    return this.call("POST", "/api/polls", { title: "Lunch?", options: ["Pizza", "Sushi"], ...fields });
  }

  /** Votes for the option at `index`. */
  vote(poll, index) {
    return this.call("POST", `/api/polls/${poll.id}/vote`, { option_id: poll.options[index].id });
  }

  /** Returns the counts in the order of the options. */
  async counts(poll) {
    const { options } = await this.call("GET", `/api/polls/${poll.id}`);
    return options.map(({ count }) => count);
  }
}

/** Casts a vote as a new person. */
export function voteAsSomebody(url, poll, index) {
  return new Api(url).vote(poll, index);
}
