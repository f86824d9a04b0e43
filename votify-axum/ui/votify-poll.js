// Defines the custom element `<votify-poll>`. `votify-poll.d.ts` describes its API.

import { VotifyPoll } from "./poll/element.js";
import { addLanguage } from "./poll/languages.js";

if (!customElements.get("votify-poll")) customElements.define("votify-poll", VotifyPoll);

export { VotifyPoll, addLanguage };
