const server = require('node:http').createServer(async (_, response) => {
  const answer = await fetch(process.env.API_URL);
  response.end(`web got: ${await answer.text()}`);
});
server.listen(process.env.PORT, '127.0.0.1');
process.on('SIGTERM', () => server.close());
