import { Api, voteAsSomebody } from "./api.mjs";

/** Texts of a poll that is as large as polls can be. */
const LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft".repeat(4).slice(0, 255);
const EXTREME = [LONG, "חומוס עם 3 פיתות", "فلافل – falafel 100%", "Pizza 🍕👩‍👩‍👧‍👦🏳️‍🌈"];

/** Name of an account with polls, and its password. */
export const ACCOUNT = { name: "Ada", password: "correct horse battery" };

/**
 * Creates polls in all states, owned by an account. Returns them by name. `empty` has no
 * vote, and `extreme` has 100 options.
 */
export async function createSamplePolls(url) {
  const owner = new Api(url);
  await owner.call("POST", "/api/auth/register", ACCOUNT);
  const create = (title, fields) => owner.createPoll({ title, ...fields });
  const options = ["Pizza", "Sushi", "Falafel with hummus and salad", "Soup of the day"];
  const inTwoHours = new Date(Date.now() + 7_200_000).toISOString();
  const polls = {
    empty: await create("Where do we go on Friday?", { options }),
    typical: await create("What shall we have for lunch?", { options, description: "We order at eleven.\nVegetarians are welcome.", category: "Food", revote: true, closes_at: inTwoHours }),
    multiple: await create("Which evenings suit you?", { options: ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"], ballot: { kind: "multiple", min: 1, max: 3 } }),
    hidden: await create("Who wins the award?", { options: ["Ada", "Grace", "Barbara"], results: "after_close" }),
    afterVote: await create("Which logo is better?", { options: ["The blue one", "The green one"], results: "after_vote" }),
    scheduled: await create("Next week's topic?", { options: ["Rust", "SQL"], opens_at: inTwoHours }),
    final: await create("Which name is the best?", { options: ["Votify", "Pollard", "Ballotine"] }),
    invited: await create("Board election", { options: ["Yes", "No", "Abstain"], voters: "invite" }),
    members: await create("Members only", { options: ["Yes", "No"], voters: "account" }),
    extreme: await create(`${LONG.slice(0, 250)}`, { options: [...EXTREME, ...Array.from({ length: 96 }, (_, index) => `Option ${index + 5}`)], description: `${LONG} `.repeat(8) }),
    room: await create("Which city hosts the next meeting?", { options: ["Lisbon", "Warsaw", "Tallinn", "Athens", "Bergen", "Porto", "Ghent", "Graz"] }),
  };
  for (const [name, votes] of [["typical", [5, 3, 3, 1]], ["multiple", [3, 4]], ["hidden", [2, 1]], ["afterVote", [2, 3]], ["final", [4, 2, 1]], ["extreme", [3, 2, 2, 5]], ["room", [9, 4, 6, 2, 7, 3, 1, 5]]]) {
    for (const [index, count] of votes.entries()) {
      for (let vote = 0; vote < count; vote += 1) {
        if (name === "multiple") await voteForSeveral(url, polls[name], [index, index + 2]);
        else await voteAsSomebody(url, polls[name], index);
      }
    }
  }
  await owner.call("POST", `/api/polls/${polls.final.id}/close`);
  return polls;
}

function voteForSeveral(url, poll, indexes) {
  const body = { option_ids: indexes.map((index) => poll.options[index].id) };
  return new Api(url).call("POST", `/api/polls/${poll.id}/vote`, body);
}
