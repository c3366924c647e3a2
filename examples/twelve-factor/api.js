// Factors VI and VII in another language: a stateless process that binds the PORT it is given.
"use strict";

const http = require("node:http");
const { Redis } = require("./redis-client.js");

const { PORT, HOST, GREETING, REDIS_URL, PS = "unnamed" } = process.env;
for (const name of ["PORT", "HOST", "GREETING", "REDIS_URL"]) {
  if (!process.env[name]) {
    console.log(`api: ${name} is not set; .env shows every variable`);
    process.exit(1);
  }
}

const redis = new Redis(REDIS_URL);

async function answer(path) {
  if (path === "/healthz") return [200, { ok: (await redis.call("PING")) === "PONG" }];
  if (path !== "/") return [404, { error: "no such page" }];
  const hits = await redis.call("INCR", "hits");
  return [200, { name: PS, port: Number(PORT), pid: process.pid, greeting: GREETING, hits }];
}

const server = http.createServer(async (request, response) => {
  const [status, body] = await answer(request.url).catch((error) => [503, { error: error.message }]);
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body) + "\n");
  console.log(`${request.method} ${request.url} ${status}`);
});

server.listen(Number(PORT), HOST, () => console.log(`${PS} ${process.pid}: listening on ${HOST}:${PORT}`));

// Factor IX: no new requests, those at hand are answered, and then nothing keeps node alive.
function stop() {
  server.close(() => {
    redis.close();
    console.log(`${PS} ${process.pid}: graceful shutdown`);
  });
  server.closeIdleConnections();
}
process.once("SIGTERM", stop);
process.once("SIGINT", stop);
