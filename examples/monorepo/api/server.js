const server = require('node:http').createServer((_, response) => response.end('hello from the API\n'));
server.listen(process.env.PORT, '127.0.0.1');
process.on('SIGTERM', () => server.close());
