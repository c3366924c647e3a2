// The port of the API is the one that ganger gives it.
export default {
  server: { host: '127.0.0.1', proxy: { '/api': `http://127.0.0.1:${process.env.GANGER_PORT_API}` } },
};
