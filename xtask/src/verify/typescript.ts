// Compiles only if the classes of the module have the API that `votify.d.ts` declares.
import type * as declared from "./votify.js";
import * as module from "./module.js";

export const client = (options: declared.ClientOptions): declared.VotifyClient => new module.VotifyClient(options);
export const error = (from: module.VotifyError): declared.VotifyError => from;
export const vote = (from: module.PendingVote): Omit<declared.PendingVote, "addEventListener"> => from;
export const stream = (from: module.PollStream): Omit<declared.PollStream, "addEventListener"> => from;
export const id: typeof declared.randomUuid = module.randomUuid;
