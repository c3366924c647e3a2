import { createServer } from 'node:http';

const server = createServer((request, response) => response.end(JSON.stringify({ hello: request.url })));
server.listen(process.env.PORT, '127.0.0.1');
process.on('SIGTERM', () => server.close());
