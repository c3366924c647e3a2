import fs from "fs";

const slow = (request, answer) => {
  fs.writeFileSync("begun", "");
  setTimeout(() => answer.end("finished"), 1000);
};
export default { plugins: [{ name: "slow", configureServer: (server) => void server.middlewares.use(slow) }] };
