const byId = (id) => document.getElementById(id);
const dialog = () => byId("login-dialog");

/** Resolves the promise of `requestLogin`. */
let resolveLogin = () => {};
/** `{ callApi, runAction, showError }` of the page. */
let page;

/** The login of the user, on servers with accounts. */
export const account = {
  /** Shows who is logged in and connects the buttons. */
  async init(functions) {
    page = functions;
    if (document.documentElement.dataset.accounts !== "yes") return;
    const option = document.querySelector('#voters option[value="account"]');
    option.hidden = false;
    option.disabled = false;
    byId("log-in").addEventListener("click", async () => {
      if (await account.requestLogin()) location.reload();
    });
    byId("log-out").addEventListener("click", () => page.runAction(byId("log-out"), async () => {
      await page.callApi("POST", "/api/auth/logout").catch((error) => {
        // 401: the login has already expired.
        if (error.status !== 401) throw error;
      });
      location.reload();
    }));
    byId("login-cancel").addEventListener("click", () => dialog().close());
    dialog().addEventListener("close", () => {
      byId("password").value = "";
      resolveLogin(dialog().returnValue === "logged-in");
    });
    byId("login-form").addEventListener("submit", (event) => {
      event.preventDefault();
      submitLogin(event.submitter);
    });
    showUser(await fetchUserName());
  },

  /** Asks the user to log in or register. Returns whether the user did. */
  async requestLogin() {
    if (document.documentElement.dataset.accounts !== "yes") return false;
    showLoginError();
    dialog().returnValue = "";
    dialog().showModal();
    return new Promise((resolve) => { resolveLogin = resolve; });
  },
};

async function submitLogin(button) {
  button.disabled = true;
  showLoginError();
  try {
    const body = { name: byId("user").value, password: byId("password").value };
    await page.callApi("POST", `/api/auth/${button.value}`, body);
    // Browsers reject the cookie over plain HTTP, except on the server's own machine.
    if (await fetchUserName() === null) throw new Error("To stay logged in, open this page over HTTPS.");
    dialog().close("logged-in");
  } catch (error) {
    showLoginError(error.message);
    byId("password").focus();
  } finally {
    button.disabled = false;
  }
}

/** Returns the name of the logged-in user, or null. */
async function fetchUserName() {
  try {
    return (await page.callApi("GET", "/api/auth/me")).name;
  } catch (error) {
    if (error.status !== 401) page.showError(error.message);
    return null;
  }
}

function showUser(name) {
  byId("account").hidden = false;
  byId("account-name").textContent = name === null ? "" : `Logged in as ${name}`;
  byId("log-in").hidden = name !== null;
  byId("log-out").hidden = name === null;
}

function showLoginError(text = "") {
  byId("login-error").textContent = text;
  byId("login-error").hidden = !text;
}
