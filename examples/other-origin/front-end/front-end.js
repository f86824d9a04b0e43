// A front end on another origin. The URL of a poll is `/#ID`.

const api = document.querySelector("meta[name=votify-api]").content;
const list = document.getElementById("options");
const message = document.getElementById("message");

// Sends a request with the session cookie. Without `credentials`, a browser sends no cookie
// to another origin, and everybody behind one address shares one limit of votes.
async function call(path, options = {}) {
  const response = await fetch(`${api}/api${path}`, { credentials: "include", ...options });
  const body = await response.json();
  if (!response.ok) {
    throw new Error(body.detail || body.title);
  }
  return body;
}

function post(path, body) {
  return call(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

// Shows the reason if `action` fails.
async function report(action) {
  try {
    message.textContent = "";
    await action();
  } catch (error) {
    message.textContent = error.message;
  }
}

async function vote(poll, option) {
  // The same id for every retry of this vote: it never counts twice.
  const ballot = { option_id: option, ballot_id: crypto.randomUUID() };
  await post(`/polls/${poll}/vote`, ballot);
  message.textContent = "Your vote counts.";
}

function showCounts(counts) {
  for (const { id, count } of counts) {
    const output = document.getElementById(id);
    if (output && count !== undefined) {
      output.textContent = ` ${count}`;
    }
  }
}

async function open(id) {
  // First: the answer sets the cookie of a new session. Stream and votes use it.
  const { poll, options } = await call(`/polls/${id}`);
  document.getElementById("create").hidden = true;
  document.getElementById("title").textContent = poll.title;
  for (const option of options) {
    const button = document.createElement("button");
    button.textContent = option.text;
    button.addEventListener("click", () => report(() => vote(id, option.id)));
    const count = document.createElement("output");
    count.id = option.id;
    const item = document.createElement("li");
    item.append(button, count);
    list.append(item);
  }
  const stream = new EventSource(`${api}/api/polls/${id}/stream`, { withCredentials: true });
  for (const type of ["poll_updated", "poll_closed"]) {
    stream.addEventListener(type, (event) => showCounts(JSON.parse(event.data).options));
  }
}

document.getElementById("create").addEventListener("submit", (event) => {
  event.preventDefault();
  const form = new FormData(event.target);
  const options = form.get("options").split("\n").filter((line) => line.trim());
  report(async () => {
    const poll = await post("/polls", { title: form.get("title"), options });
    location.hash = poll.id;
    await open(poll.id);
  });
});

if (location.hash.length > 1) {
  report(() => open(location.hash.slice(1)));
}
