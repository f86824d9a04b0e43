// A poll with many viewers, as usually written with socket.io: a room, and one emit per change.
const { createServer } = require("http");
const { Server } = require("socket.io");

const id = "0197f6a2-5d52-7c5e-9f3a-0123456789ab";
let revision = 0;
const state = () => ({
  type: "poll_updated",
  poll_id: id,
  options: [{ id, count: revision }, { id, count: 0 }],
  total_votes: revision,
  epoch: 1,
  revision,
  viewers: 2000,
});

const http = createServer((request, response) => {
  request.resume().on("end", () => {
    revision += 1;
    io.to("poll").emit("poll_updated", state());
    const answer = JSON.stringify({ revision });
    response.writeHead(201, { "content-length": answer.length }).end(answer);
  });
});
const io = new Server(http, { transports: ["websocket"], perMessageDeflate: false });
io.on("connection", (socket) => {
  socket.join("poll");
  socket.emit("poll_updated", state());
});
http.listen(0, "127.0.0.1", 4096, () => console.log(`listening on http://127.0.0.1:${http.address().port}`));
