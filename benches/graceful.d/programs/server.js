const fs = require("fs");
const server = require("http").createServer((request, answer) => {
  fs.writeFileSync("begun", "");
  setTimeout(() => answer.end("finished"), 1000);
});
server.listen(process.env.PORT, "127.0.0.1");
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => server.close(() => process.exit(0)));
