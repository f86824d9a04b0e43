const byId = (id) => document.getElementById(id);
const dialog = () => byId("entrance");

/** Told to whoever waits for the dialog: whether somebody is logged in now. */
let answered = () => {};
let tools;

/** Who is logged in, where the server keeps accounts. */
export const account = {
  /** Shows who is logged in; `call`, `act` and `say` are the page's. */
  async begin(given) {
    tools = given;
    if (document.documentElement.dataset.accounts !== "yes") return;
    const option = document.querySelector('#voters option[value="account"]');
    option.hidden = false;
    option.disabled = false;
    byId("log-in").addEventListener("click", async () => {
      if (await account.enter()) location.reload();
    });
    byId("log-out").addEventListener("click", () => tools.act(byId("log-out"), async () => {
      await tools.call("POST", "/api/auth/logout").catch((error) => {
        // Whoever is not logged in any more has what they wanted.
        if (error.status !== 401) throw error;
      });
      location.reload();
    }));
    byId("entrance-cancel").addEventListener("click", () => dialog().close());
    dialog().addEventListener("close", () => {
      byId("password").value = "";
      answered(dialog().returnValue === "in");
    });
    byId("entrance-form").addEventListener("submit", (event) => {
      event.preventDefault();
      submit(event.submitter);
    });
    show(await me());
  },

  /** Has somebody log in or register; whether they did. */
  async enter() {
    if (document.documentElement.dataset.accounts !== "yes") return false;
    problem();
    dialog().returnValue = "";
    dialog().showModal();
    return new Promise((done) => { answered = done; });
  },
};

async function submit(button) {
  button.disabled = true;
  problem();
  try {
    const body = { name: byId("user").value, password: byId("password").value };
    await tools.call("POST", `/api/auth/${button.value}`, body);
    // Off their own machine browsers keep the cookie over HTTPS only.
    if (await me() === null) throw new Error("This browser stays logged in over HTTPS only.");
    dialog().close("in");
  } catch (error) {
    problem(error.message);
    byId("password").focus();
  } finally {
    button.disabled = false;
  }
}

/** The name of who is logged in, or null. */
async function me() {
  try {
    return (await tools.call("GET", "/api/auth/me")).name;
  } catch (error) {
    if (error.status !== 401) tools.say(error.message);
    return null;
  }
}

function show(name) {
  byId("account").hidden = false;
  byId("account-name").textContent = name === null ? "" : `Logged in as ${name}`;
  byId("log-in").hidden = name !== null;
  byId("log-out").hidden = name === null;
}

function problem(text = "") {
  byId("entrance-problem").textContent = text;
  byId("entrance-problem").hidden = !text;
}
